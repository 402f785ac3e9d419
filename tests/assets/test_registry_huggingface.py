"""Repositories of Hugging Face's layout, in a folder and on S3: commit, base, parameters, size."""

import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from assets.registries.huggingface import collect
from pipelines.errors import RegistryUnreachable
from pipelines.registry.catalogue import Catalogue
from pipelines.registry.log_names import LogNames
from pipelines.registry.merge import merge
from pipelines.registry.snapshots import Snapshot
from pipelines.registry.sources.huggingface import facts
from pipelines.settings import RegistrySource, Storage

SHA, LATER = "a" * 40, "b" * 40
CARD = """---
base_model: Qwen/Qwen2.5-7B
base_model_relation: finetune
tags:
- ranking
- e-commerce
---
# Our ranker
"""


def safetensors(*shapes: list[int]) -> bytes:
    """A safetensors file as it begins: a header of tensors, then (here too few) bytes."""
    tensors = {f"t{i}": {"dtype": "BF16", "shape": s, "data_offsets": [0, 0]}
               for i, s in enumerate(shapes)}  # fmt: skip
    header = json.dumps({"__metadata__": {"format": "pt"}, **tensors}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * 64


DOWNLOAD: dict[str, str | bytes] = {
    "shop/rank-7b/README.md": CARD,
    "shop/rank-7b/config.json": json.dumps(
        {"architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 28, "torch_dtype": "bfloat16"}
    ),
    "shop/rank-7b/model-00001-of-00002.safetensors": safetensors([10, 100]),
    "shop/rank-7b/model-00002-of-00002.safetensors": safetensors([5, 4], [3]),
    "shop/rank-7b/model.safetensors.index.json": json.dumps(
        {
            "metadata": {"total_size": 2046},
            "weight_map": {
                "a": "model-00001-of-00002.safetensors",
                "b": "model-00002-of-00002.safetensors",
            },
        }
    ),
    "shop/rank-7b/consolidated.safetensors": safetensors([1000]),
    "shop/rank-7b/.cache/huggingface/download/config.json.metadata": f"{SHA}\netag\n1\n",
    "shop/notes.txt": "not a repository",
}
OTHERS: dict[str, str | bytes] = {
    "models--shop--embed/refs/main": SHA,
    f"models--shop--embed/snapshots/{LATER}/config.json": "{}",
    f"models--shop--embed/snapshots/{SHA}/config.json": "{}",
    f"models--shop--embed/snapshots/{SHA}/model.safetensors": safetensors([7, 7]),
    "lora/chat/adapter_config.json": json.dumps({"base_model_name_or_path": "shop/rank-7b"}),
    "lora/chat/adapter_model.safetensors": b"\xff" * 40,
    "lora/chat/README.md": "---\n: no yaml: [\n---\n",
    "lora/chat/checkpoint-9/adapter_config.json": "{}",
    "hub/answer/model_info.json": json.dumps(
        {
            "id": "meta/llama",
            "sha": LATER,
            "lastModified": "2026-08-01T10:00:00.000Z",
            "cardData": {"base_model": ["meta/a", "meta/b"]},
            "safetensors": {"parameters": {"BF16": 8_000}, "total": 8_000},
        }
    ),
}


def written(folder: Path, files: dict[str, str | bytes]) -> RegistrySource:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return RegistrySource(name="weights", kind="huggingface", uri=str(folder))


def repos(source: RegistrySource, last: Snapshot | None = None) -> dict[str, dict[str, Any]]:
    return {item["repo"]: item for item in collect(source, last)["repos"]}


def snapshot(day: int, *items: dict[str, Any]) -> Snapshot:
    return Snapshot("weights", "huggingface", datetime(2026, 9, day), {"repos": list(items)})


def test_a_download_tells_its_commit_base_parameters_and_size(tmp_path: Path) -> None:
    found = repos(written(tmp_path, DOWNLOAD))
    assert list(found) == ["shop/rank-7b"]
    rank = found["shop/rank-7b"]
    held = {n: c for n, c in DOWNLOAD.items() if n.startswith("shop/rank-7b/") and "/." not in n}
    expected = {
        "sha": SHA,
        "modified": None,
        "base_model": ["Qwen/Qwen2.5-7B"],
        "relation": "finetune",
        "tags": ["e-commerce", "ranking"],
        "architectures": ["Qwen2ForCausalLM"],
        "layers": 28,
        "dtype": "bfloat16",
        "parameters": 10 * 100 + 5 * 4 + 3,
        "bytes": sum(len(content) for content in held.values()),
        "location": str(tmp_path / "shop/rank-7b"),
    }
    assert {key: rank[key] for key in expected} == expected


def test_the_same_repository_on_s3_tells_the_same(tmp_path: Path, s3_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="hf-weights")
    for name, content in DOWNLOAD.items():
        client.put_object(Bucket="hf-weights", Key=f"models/{name}", Body=content)
    storage = Storage(endpoint_url=s3_endpoint, region="us-east-1")
    remote = RegistrySource(
        name="weights", kind="huggingface", uri="s3://hf-weights/models/", storage=storage
    )
    [there] = repos(remote).values()
    [here] = repos(written(tmp_path, DOWNLOAD)).values()
    assert there == here | {"location": "s3://hf-weights/models/shop/rank-7b"}
    [artefact] = facts([snapshot(1, there)]).artefacts
    assert (artefact.location, artefact.version) == (there["location"], SHA)
    assert artefact.size_gb is not None
    assert artefact.size_gb * 1_000_000_000 == here["bytes"]


def test_every_layout_is_known(tmp_path: Path) -> None:
    source = written(tmp_path, OTHERS)
    found = repos(source)
    assert sorted(found) == ["lora/chat", "meta/llama", "shop/embed"]
    embed, chat, llama = found["shop/embed"], found["lora/chat"], found["meta/llama"]
    assert (embed["sha"], embed["parameters"]) == (SHA, 49)
    assert embed["location"].endswith(f"models--shop--embed/snapshots/{SHA}")
    assert (chat["base_model"], chat["relation"]) == (["shop/rank-7b"], "adapter")
    assert (chat["parameters"], chat["sha"][:6]) == (None, "files-"), "no header, no commit"
    assert (llama["sha"], llama["parameters"]) == (LATER, 8_000)
    only = source.model_copy(update={"repos": ["shop/*"]})
    assert list(repos(only)) == ["shop/embed"]


def test_an_unchanged_repository_is_not_opened_again(tmp_path: Path) -> None:
    source = written(tmp_path, DOWNLOAD)
    [before] = repos(source).values()
    known = before | {"parameters": 1}
    assert repos(source, snapshot(1, known))["shop/rank-7b"]["parameters"] == 1
    (tmp_path / "shop/rank-7b/config.json").write_text('{"architectures": []}')
    assert repos(source, snapshot(1, known))["shop/rank-7b"]["parameters"] == 1023


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    source = RegistrySource(name="weights", kind="huggingface", uri=str(tmp_path / "none"))
    with pytest.raises(RegistryUnreachable, match="registry 'weights' could not be asked"):
        collect(source, None)


def test_a_newer_commit_succeeds_the_older_and_the_name_moves_with_it(tmp_path: Path) -> None:
    [rank] = repos(written(tmp_path, DOWNLOAD)).values()
    found = facts([snapshot(1, rank), snapshot(10, rank | {"sha": LATER})])
    [model] = found.models
    assert [(v.version, v.predecessor, v.base_model) for v in model.versions] == [
        (SHA, None, "Qwen/Qwen2.5-7B"),
        (LATER, SHA, "Qwen/Qwen2.5-7B"),
    ]
    merged = merge(Catalogue(), [found])
    assert merged.conflicts == []
    names = LogNames(merged.catalogue)
    assert [n.resolved.version for n in names.spans("Shop/Rank-7B", "")] == ["", SHA, LATER]
    assert [n.resolved.version for n in names.spans(f"shop/rank-7b@{SHA}", "")] == [SHA]


def test_a_repository_held_its_commit_since_it_was_made(tmp_path: Path) -> None:
    llama = repos(written(tmp_path, OTHERS))["meta/llama"]
    [deployment] = facts([snapshot(1, llama)]).deployments
    assert deployment.from_ == datetime(2026, 8, 1, 10)
    [version] = facts([snapshot(1, llama)]).models[0].versions
    assert version.base_model == "meta/a, meta/b"
    assert version.released == datetime(2026, 8, 1, 10, tzinfo=UTC).replace(tzinfo=None)
