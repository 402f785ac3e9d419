"""A mapping file to start from, for a log whose columns or keys nobody knows.

Only proposals: a column that sounds like the field is named, with a value of the file beside it.
What no column says is a comment, and without it the mapping is refused: nothing is read until a
person has decided.
"""

import re
from collections.abc import Mapping
from typing import Final

_FIELDS: Final = (
    (
        "started_at",
        (
            *("started", "start", "timestamp", "created", "time", "date", "at", "day"),
            *("create", "logged", "ts"),
        ),
    ),
    ("model", ("model", "engine", "checkpoint", "deployment", "endpoint")),
    ("model_version", ("version", "revision", "checkpoint")),
    ("input_tokens", ("input", "prompt", "context")),
    ("output_tokens", ("output", "completion", "generated", "response", "answer")),
    ("request_id", ("uuid", "correlation", "request", "id")),
    ("resource_id", ("instance", "node", "host", "endpoint", "machine", "resource")),
    ("status", ("status", "state", "error", "outcome")),
    ("tenant", ("tenant", "customer", "team", "shop", "group", "user")),
    ("gpu_ms", ("gpu", "execution", "exec", "duration", "seconds")),
)
_COUNTED: Final = ("input_tokens", "output_tokens", "gpu_ms")
_NEEDED: Final = ("started_at", "model")
_PARTS: Final = re.compile(r"[a-z]+")


def draft_log_mapping(values: Mapping[str, str]) -> str:
    """A mapping file with the paths whose names say what they are; `values` has one of each.

    `gmt_create,groupId,exec_seconds` gives started_at, tenant and gpu_ms, and asks for the model.
    """
    free = dict(values)
    lines = ["# A draft: check every line; a line with # in front is needed too.", "[fields]"]
    dates = "iso"
    for name, words in _FIELDS:
        path = _sounding_like(name, words, free)
        if path is not None:
            value = free.pop(path)
            lines.append(f"{name} = {_toml(path)}{_remark(value)}")
            if name == "started_at":
                dates = _dates(value)
        elif name in _NEEDED:
            hint = "" if name == "started_at" else "    # or state it under [constants]"
            lines.append(f'# {name} = "which column?"{hint}')
    lines += ["", "[constants]", '# provider = "who bills it: aws, azure, gcp, ..."']
    if "gpu_ms" in "\n".join(lines):
        lines += ["", "[scale]", "# gpu_ms = 1000    # if it is in seconds"]
    lines += ["", "[reading]"]
    if dates:
        lines.append(f'dates = "{dates}"')
    else:
        lines.append("# origin = 2026-01-01T00:00:00Z    # times are numbers: counted from when?")
    if dates == "iso":
        lines.append('# timezone = "UTC"    # of times without an offset')
    if free:
        lines += ["", "# Not read:", *(f"#   {path}{_remark(free[path])}" for path in free)]
    return "\n".join(lines) + "\n"


def _sounding_like(field: str, words: tuple[str, ...], free: Mapping[str, str]) -> str | None:
    """The first path whose last name has one of the words, earlier words first."""
    split = {path: _PARTS.findall(_spaced(_last_name(path)).lower()) for path in free}
    found = [
        path
        for word in words
        for path, parts in split.items()
        if word in parts or f"{word}s" in parts
    ]
    if field == "started_at":
        times = [path for path in found if _dates(free[path])]
        found = times or [path for path in found if _is_number(free[path])]
    elif field == "request_id":
        found = [path for path in found if _is_identity(split[path], free[path])]
    elif field in _COUNTED:
        found = [path for path in found if _is_number(free[path])]
    return next(iter(found), None)


def _is_identity(parts: list[str], value: str) -> bool:
    """A request's own id: by what is no request's, calls would be taken for one."""
    return (
        bool(value)
        and ("id" in parts or "uuid" in parts)
        and (len(parts) == 1 or bool({"request", "uuid", "correlation", "call"} & {*parts}))
    )


def _last_name(path: str) -> str:
    return re.split(r"\.(?![^\"]*\"$)", path)[-1]


def _spaced(name: str) -> str:
    return re.sub(r"([a-z])([A-Z])", r"\1 \2", name)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


def _dates(value: str) -> str:
    """How a value writes a date, by its form alone; empty: as none."""
    if re.match(r"\d{4}-\d{2}-\d{2}", value):
        return "iso"
    if not re.fullmatch(r"\d{9,19}(\.\d+)?", value):
        return ""
    digits = len(value.split(".", maxsplit=1)[0])
    return {10: "unix", 13: "unix_ms", 16: "unix_us", 19: "unix_ns", 18: "ticks"}.get(digits, "")


def _remark(value: str) -> str:
    """A short value beside its path; longer text may be a prompt and is not repeated."""
    shown = value if len(value) <= 40 and "\n" not in value else ""
    return f"    # {shown}" if shown else ""


def _toml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
