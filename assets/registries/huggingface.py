"""Looks at repositories of Hugging Face's layout in a folder or below an S3 prefix.

A repository is a folder with a model card, a config or safetensors files: a download
(`org/name/...`), a git clone, or the hub's own cache (`models--org--name/snapshots/SHA/...`). The
commit is told by the cache, by `.cache/huggingface` of a download, by `.git`, or by the hub's
answer kept as `model_info.json`; that answer (HfApi's `model_info` as JSON) also tells the date,
the number of parameters and the base model. Weights are not read: of a safetensors file only its
header is.
"""

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import yaml

from assets.object_store import StoredFile, list_files, read_start, read_text
from pipelines.errors import FileDamaged, LakeUnreachable, RegistryUnreachable
from pipelines.registry.patterns import matches
from pipelines.registry.snapshots import Snapshot
from pipelines.settings import RegistrySource, Storage

ANSWER: Final = "model_info.json"
MARKS: Final = ("config.json", "adapter_config.json", "model_index.json", ANSWER)
"""Files that make a folder a repository, beside safetensors files and their index."""

LARGEST_HEADER: Final = 50_000_000

_CACHED = re.compile(r"(?P<root>(?:.*/)?models--(?P<repo>[^/]+))/(?P<rest>.*)")
_SHA = re.compile(r"[0-9a-f]{40}")
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)

Files = dict[str, StoredFile]
"""A repository's files by their name within it."""


def collect(source: RegistrySource, last: Snapshot | None) -> dict[str, Any]:
    """Each repository's commit, base, parameters and size.

    Raises:
        RegistryUnreachable: the folder or the bucket does not answer, or a card is no text.
    """
    uri = (source.uri or "").rstrip("/")
    known = {item["repo"]: item for item in last.items.get("repos", [])} if last else {}
    try:
        found = _repositories(list_files(uri, source.storage), uri)
        repos = [
            _repository(repo, files, f"{uri}/{where}" if where else uri, source, known.get(repo))
            for repo, (where, files) in sorted(found.items())
            if not source.repos or any(matches(pattern, repo) for pattern in source.repos)
        ]
    except (LakeUnreachable, FileDamaged) as error:
        raise RegistryUnreachable(source.name, str(error)) from error
    return {"repos": repos}


def _repositories(listed: Sequence[StoredFile], uri: str) -> dict[str, tuple[str, Files]]:
    """Where each repository lies below the root, and its files with those of its subfolders."""
    found: dict[str, Files] = {}
    cached: dict[str, Files] = defaultdict(dict)
    loose: dict[str, StoredFile] = {}
    for file in listed:
        if match := _CACHED.fullmatch(file.name):
            cached[match["root"]][match["rest"]] = file
        else:
            loose[file.name] = file
    marked = {_folder(name) for name in loose if _makes_repository(PurePosixPath(name))}
    for folder in sorted(marked, key=lambda folder: folder.count("/")):
        if not any(_is_below(folder, other) for other in found):
            found[folder] = {}
    for name, file in loose.items():
        for folder, files in found.items():
            if _is_below(name, folder):
                files[name.removeprefix(f"{folder}/" if folder else "")] = file
    repos: dict[str, tuple[str, Files]] = {}
    for folder, files in found.items():
        name = _name(folder, uri)
        repos[folder if name in repos else name] = (folder, files)
    for root, files in cached.items():
        repos[root.rsplit("models--", 1)[-1].replace("--", "/")] = (root, files)
    return repos


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _is_below(name: str, folder: str) -> bool:
    return not folder or name.startswith(f"{folder}/")


def _makes_repository(path: PurePosixPath) -> bool:
    is_hidden = any(part.startswith(".") for part in path.parts)
    is_marked = path.name in MARKS or path.name.endswith(
        (".safetensors", ".safetensors.index.json")
    )
    return is_marked and not is_hidden


def _name(folder: str, uri: str) -> str:
    """`org/name` as far as the path has it."""
    parts = [*PurePosixPath(uri).parts[-1:], *PurePosixPath(folder).parts]
    return "/".join(parts[-2:] if len(parts) > 2 or not folder else parts[-1:])


def _repository(
    repo: str, files: Files, location: str, source: RegistrySource, known: Mapping[str, Any] | None
) -> dict[str, Any]:
    storage = source.storage
    sha = _commit(files, storage)
    if f"snapshots/{sha}" in {name[:50] for name in files}:  # the hub's cache
        prefix = f"snapshots/{sha}/"
        files = {n.removeprefix(prefix): f for n, f in files.items() if n.startswith(prefix)}
        location = f"{location}/snapshots/{sha}"
    held = {name: file.size for name, file in sorted(files.items()) if not name.startswith(".")}
    digest = hashlib.sha256(json.dumps(held).encode()).hexdigest()
    answer = _json(files, ANSWER, storage)
    sha = str(answer.get("sha") or sha or f"files-{digest[:12]}")
    if known is not None and (known["sha"], known.get("files")) == (sha, digest):
        return dict(known)
    card = answer.get("cardData") or answer.get("card_data") or _card(files, storage)
    config = _json(files, "config.json", storage)
    adapter = _json(files, "adapter_config.json", storage)
    based_on = card.get("base_model") or adapter.get("base_model_name_or_path") or []
    return {
        "repo": str(answer.get("id") or repo),
        "sha": sha,
        "modified": answer.get("lastModified") or answer.get("last_modified"),
        "base_model": [str(b) for b in (based_on if isinstance(based_on, list) else [based_on])],
        "relation": str(card.get("base_model_relation") or ("adapter" if adapter else "")),
        "tags": sorted(map(str, answer.get("tags") or card.get("tags") or [])),
        "architectures": [str(name) for name in config.get("architectures") or []],
        "layers": config.get("num_hidden_layers"),
        "dtype": config.get("torch_dtype") or config.get("dtype"),
        "parameters": _parameters(files, answer, storage),
        "bytes": sum(size for name, size in held.items()),
        "location": location,
        "files": digest,
    }


def _commit(files: Files, storage: Storage) -> str:
    """The commit that is there, as the hub's cache, a download or a clone tells; else ''."""
    heads = ("refs/main", ".git/refs/heads/main", ".git/HEAD")
    texts: list[str] = [name for name in heads if name in files]
    texts += [n for n in sorted(files) if n.startswith(".cache/") and n.endswith(".metadata")]
    for name in texts:
        lines = read_text(files[name].url, storage).split()
        if lines and _SHA.fullmatch(lines[0]):
            return lines[0]
    cached = {name.split("/")[1] for name in files if name.startswith("snapshots/")}
    return cached.pop() if len(cached) == 1 else ""


def _json(files: Files, name: str, storage: Storage) -> dict[str, Any]:
    """A small JSON file of the repository; nothing where it is missing or no object."""
    if name not in files:
        return {}
    try:
        found = json.loads(read_text(files[name].url, storage))
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _card(files: Files, storage: Storage) -> dict[str, Any]:
    """The front matter of the model card."""
    if "README.md" not in files:
        return {}
    found = _FRONT_MATTER.match(read_text(files["README.md"].url, storage).replace("\r\n", "\n"))
    try:
        card = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError:
        return {}
    return card if isinstance(card, dict) else {}


def _parameters(files: Files, answer: Mapping[str, Any], storage: Storage) -> int | None:
    """How many numbers the repository stores, as the hub, the index or the files' headers say."""
    if total := (answer.get("safetensors") or {}).get("total"):
        return int(total)
    index = _json(files, "model.safetensors.index.json", storage)
    if total := (index.get("metadata") or {}).get("total_parameters"):
        return int(total)
    named = set((index.get("weight_map") or {}).values())
    weights = [
        file
        for name, file in sorted(files.items())
        if name.endswith(".safetensors") and "/" not in name and (not named or name in named)
    ]
    counts = [_stored_numbers(file, storage) for file in weights]
    return None if not counts or None in counts else sum(count or 0 for count in counts)


def _stored_numbers(file: StoredFile, storage: Storage) -> int | None:
    """The numbers in a safetensors file by its header: its length in 8 bytes, then JSON."""
    length = int.from_bytes(read_start(file, storage, 8), "little")
    if not 0 < length <= min(LARGEST_HEADER, file.size - 8):
        return None
    try:
        header = json.loads(read_start(file, storage, 8 + length)[8:])
        shapes = [tensor["shape"] for name, tensor in header.items() if name != "__metadata__"]
        return sum(int(math.prod(shape)) for shape in shapes)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
