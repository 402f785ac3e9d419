"""Files of a folder or an S3-compatible store: list, read, download, check.

The only module that talks to object stores for bills and logs. What it returns are local, checked
files; what is in them is for `pipelines/`. A downloaded object is kept in a cache under its own
identity (URL, ETag, size), so that a second run of an unchanged month reads no network.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipelines.errors import FileDamaged, LakeUnreachable
from pipelines.files import CHUNK, LocalFile, check_gzip
from pipelines.settings import Storage

__all__ = ["StoredFile", "check_gzip", "client", "fetch", "list_files", "local", "read_text"]

S3 = "s3://"
_GLOB = frozenset("*?[")
_MISSING = {"NoSuchBucket", "NoSuchKey", "404"}
_PLAIN_MD5 = 32  # hex digits; a multipart ETag carries "-<parts>" and is no digest of the object


@dataclass(frozen=True)
class StoredFile:
    """A file as its store lists it.

    `url` is an absolute local path or `s3://bucket/key`, `name` the path below the source's root,
    `etag` the store's without quotes, for a local file `<size>-<mtime in ns>`.
    """

    url: str
    name: str
    size: int
    etag: str


@lru_cache(maxsize=8)
def client(storage: Storage) -> Any:
    """The S3 client for a store; credentials come from AWS's own chain."""
    return boto3.client(
        "s3",
        endpoint_url=storage.endpoint_url,
        region_name=storage.region,
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "max_attempts": 4},
            s3={"addressing_style": "path" if storage.path_style else "auto"},
        ),
    )


@contextmanager
def _readable_errors(url: str, storage: Storage) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        where = storage.endpoint_url or "AWS S3"
        what = "does not exist" if code in _MISSING else f"was refused ({code})"
        message = f"{url} {what} at {where}. Nothing was read. Check the path and the credentials."
        raise LakeUnreachable(message) from error
    except (BotoCoreError, OSError) as error:
        where = storage.endpoint_url or "AWS S3"
        message = f"{url} could not be reached at {where}: {error}. Nothing was read."
        raise LakeUnreachable(message) from error


def _bucket_and_key(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix(S3).partition("/")
    return bucket, key


def list_files(url: str, storage: Storage) -> list[StoredFile]:
    """Every file below a folder or prefix, matching a glob, or the one file itself, by name.

    An empty folder or prefix is an empty list; one that does not exist is an error.

    Raises:
        LakeUnreachable: no such folder, bucket or endpoint, or no right to list it.
    """
    files = _list_bucket(url, storage) if url.startswith(S3) else _list_folder(url)
    return sorted(files, key=lambda file: file.name)


def _list_bucket(url: str, storage: Storage) -> list[StoredFile]:
    bucket, key = _bucket_and_key(url)
    pattern = key if _GLOB & set(key) else ""
    if pattern:
        key = "/".join(_before_glob(PurePosixPath(pattern).parts))
    prefix = key.rstrip("/")
    files = []
    with _readable_errors(url, storage):
        pages = (
            client(storage).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        )
        for page in pages:
            for item in page.get("Contents", []):
                found = item["Key"]
                if found.endswith("/") or not _is_below(found, prefix):
                    continue
                if pattern and not PurePosixPath(found).match(pattern):
                    continue
                name = found[len(prefix) :].lstrip("/") or PurePosixPath(found).name
                files.append(
                    StoredFile(
                        url=f"{S3}{bucket}/{found}",
                        name=name,
                        size=item["Size"],
                        etag=item["ETag"].strip('"'),
                    )
                )
    return files


def _is_below(key: str, prefix: str) -> bool:
    return not prefix or key == prefix or key.startswith(prefix + "/")


def _before_glob(parts: tuple[str, ...]) -> Iterator[str]:
    for part in parts:
        if _GLOB & set(part):
            return
        yield part


def _list_folder(url: str) -> list[StoredFile]:
    path = Path(url)
    if path.is_file():
        return [local(path, path.name)]
    if path.is_dir():
        found = [entry for entry in path.rglob("*") if entry.is_file()]
        return [local(entry, entry.relative_to(path).as_posix()) for entry in found]
    if _GLOB & set(url):
        root = Path(*_before_glob(path.parts))
        pattern = str(path.relative_to(root))
        found = [entry for entry in root.glob(pattern) if entry.is_file()]
        return [local(entry, entry.relative_to(root).as_posix()) for entry in found]
    message = f"{url} does not exist. Nothing was read. Check the path in modelspend.toml."
    raise LakeUnreachable(message)


def local(path: Path, name: str) -> StoredFile:
    """A file of this machine as a stored file."""
    stat = path.stat()
    return StoredFile(
        url=str(path.absolute()),
        name=name,
        size=stat.st_size,
        etag=f"{stat.st_size}-{stat.st_mtime_ns}",
    )


def read_text(url: str, storage: Storage) -> str:
    """A small text file (a manifest), UTF-8.

    Raises:
        LakeUnreachable: it does not exist or cannot be read.
        FileDamaged: it is not UTF-8.
    """
    with _readable_errors(url, storage):
        if url.startswith(S3):
            bucket, key = _bucket_and_key(url)
            data = client(storage).get_object(Bucket=bucket, Key=key)["Body"].read()
        else:
            data = Path(url).read_bytes()
    try:
        return bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileDamaged(url, f"it is not UTF-8 ({error})") from error


def write_text(url: str, storage: Storage, text: str) -> None:
    """Write a small text file as a whole: a reader sees all of it or none.

    Raises:
        LakeUnreachable: the place cannot be written to.
    """
    data = text.encode("utf-8")
    try:
        if url.startswith(S3):
            bucket, key = _bucket_and_key(url)
            client(storage).put_object(Bucket=bucket, Key=key, Body=data)
            return
        path = Path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
            part.write(data)
        Path(part.name).replace(path)
    except (BotoCoreError, ClientError, OSError) as error:
        message = f"{url} could not be written: {error}. Nothing was changed."
        raise LakeUnreachable(message) from error


def read_start(file: StoredFile, storage: Storage, size: int) -> bytes:
    """The first bytes of a file, of which the rest is not fetched.

    Raises:
        LakeUnreachable: it does not exist or cannot be read.
    """
    with _readable_errors(file.url, storage):
        if file.url.startswith(S3):
            bucket, key = _bucket_and_key(file.url)
            answer = client(storage).get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{size - 1}")
            return bytes(answer["Body"].read())
        with Path(file.url).open("rb") as opened:
            return opened.read(size)


def fetch(file: StoredFile, storage: Storage, cache: Path) -> Path:
    """The file on this machine, unchanged since it was listed.

    A local file is returned as it is; an object is downloaded once into the cache, compared with
    its size and, where the ETag is a digest, with its MD5, and only then put in place.

    Raises:
        FileDamaged: the file is not the one that was listed (size, ETag, or changed meanwhile).
        LakeUnreachable: the store does not answer.
    """
    if not file.url.startswith(S3):
        path = Path(file.url)
        with _readable_errors(file.url, storage):
            now = local(path, file.name)
        if (now.size, now.etag) != (file.size, file.etag):
            raise FileDamaged(file.url, "it changed since it was listed; run the month again")
        return path
    identity = hashlib.sha256(f"{file.url}\n{file.etag}\n{file.size}".encode()).hexdigest()
    target = cache / identity[:2] / identity[2:] / PurePosixPath(file.url).name
    if target.is_file() and target.stat().st_size == file.size:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    bucket, key = _bucket_and_key(file.url)
    with NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part:
        try:
            _download(bucket, key, file, storage, Path(part.name))
            Path(part.name).replace(target)
        finally:
            Path(part.name).unlink(missing_ok=True)
    return target


def _download(bucket: str, key: str, file: StoredFile, storage: Storage, part: Path) -> None:
    # The object that was listed, or none: it may have been replaced since.
    with _readable_errors(file.url, storage):
        head = client(storage).head_object(Bucket=bucket, Key=key)
        if head["ETag"].strip('"') != file.etag or head["ContentLength"] != file.size:
            raise FileDamaged(
                file.url,
                f"the store now has {head['ContentLength']} bytes with ETag {head['ETag']}, "
                f'listed were {file.size} bytes with ETag "{file.etag}"',
            )
        client(storage).download_file(
            bucket, key, str(part), Config=TransferConfig(max_concurrency=4)
        )
    size = part.stat().st_size
    if size != file.size:
        raise FileDamaged(file.url, f"{size} bytes arrived of {file.size}")
    if _is_md5(file.etag, head) and (digest := _md5(part)) != file.etag:
        raise FileDamaged(file.url, f"its MD5 is {digest}, the store's ETag says {file.etag}")


def _is_md5(etag: str, head: dict[str, Any]) -> bool:
    encrypted = head.get("ServerSideEncryption", "AES256") != "AES256"
    return len(etag) == _PLAIN_MD5 and not encrypted and "SSECustomerAlgorithm" not in head


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def fetch_all(files: list[StoredFile], storage: Storage, cache: Path) -> list[LocalFile]:
    """Several files on this machine, as the pure readers take them."""
    return [
        LocalFile(path=str(fetch(f, storage, cache)), name=f.name, size=f.size, etag=f.etag)
        for f in files
    ]
