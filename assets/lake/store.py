"""Where the lake's bytes are: a folder or a prefix of a bucket, reached the same way by the rest.

Belongs here: URLs, credentials, whether the store answers, copies on this machine, listing and
removing. What the bytes mean is for `tables` and `lake`.
"""

import hashlib
import shutil
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError
from deltalake.exceptions import DeltaError

from assets.object_store import S3, client
from pipelines.errors import LakeUnreachable
from pipelines.settings import LakeSettings, resolve

_UNANSWERED = (
    "Generic S3 error",
    "error sending request",
    "Permission denied",
    "Access Denied",
    "Could not create local directory",
)
_PARALLEL_DOWNLOADS = 8
_UPLOAD = TransferConfig(
    multipart_threshold=32 * 2**20, multipart_chunksize=16 * 2**20, max_concurrency=4
)
"""Parts are held in memory while they are on their way: at most 64 MB of them."""


@dataclass(frozen=True)
class DataFile:
    """A data file below a table's folder, published or not."""

    name: str
    modified_at: datetime


class Store:
    """The place `lake.path` names. Nothing is asked of it before it is needed."""

    def __init__(self, settings: LakeSettings, cache: Path, base: Path) -> None:
        self.storage = settings.storage
        self.url = resolve(settings.path, base.absolute()).rstrip("/")
        self.is_remote = self.url.startswith(S3)
        self.bucket, _, self.prefix = self.url.removeprefix(S3).partition("/")
        identity = f"{self.storage.endpoint_url}\n{self.url}"
        self._copies = cache / "lake" / hashlib.sha256(identity.encode()).hexdigest()[:16]

    def table_url(self, table: str) -> str:
        """The folder of a table."""
        return f"{self.url}/{table}"

    def options(self) -> dict[str, str]:
        """How delta-rs reaches the store, with the credentials AWS's own chain gives right now."""
        if not self.is_remote:
            return {}
        self._answers  # noqa: B018 -- delta-rs would retry a dead endpoint for minutes
        session = self._session
        options = {
            "region": self.storage.region or session.region_name or "us-east-1",
            "virtual_hosted_style_request": "false" if self.storage.path_style else "true",
            "conditional_put": "etag",
        }
        if self.storage.endpoint_url:
            options["endpoint"] = self.storage.endpoint_url
            options["allow_http"] = str(self.storage.endpoint_url.startswith("http://")).lower()
        if found := session.get_credentials():
            keys = found.get_frozen_credentials()
            options["access_key_id"] = keys.access_key or ""
            options["secret_access_key"] = keys.secret_key or ""
            if keys.token:
                options["session_token"] = keys.token
        return options

    @cached_property
    def _answers(self) -> None:
        with self.readable_errors():
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session()

    @property
    def _client(self) -> Any:
        return client(self.storage)

    @contextmanager
    def readable_errors(self) -> Iterator[None]:
        """What went wrong with the store, in words for the person who runs modelspend.

        Raises:
            LakeUnreachable: in place of the libraries' errors for a store that does not answer,
                does not exist or refuses.
        """
        try:
            yield
        except (ClientError, BotoCoreError, Boto3Error, OSError) as error:
            raise LakeUnreachable(self._explain(error)) from error
        except DeltaError as error:
            if any(sign in str(error) for sign in _UNANSWERED):
                raise LakeUnreachable(self._explain(error)) from error
            raise

    def _explain(self, error: Exception) -> str:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if not self.is_remote:
            return (
                f"the lake {self.url} cannot be used: {reason}\nNothing was published. Check "
                "lake.path in modelspend.toml, the folder's rights and the free space."
            )
        where = self.storage.endpoint_url or f"AWS S3 ({self.storage.region or 'default region'})"
        return (
            f"the lake {self.url} cannot be used at {where}: {reason}\nNothing was published. "
            "Check lake.path and lake.storage in modelspend.toml, that the bucket exists, and the "
            "credentials (environment, AWS_PROFILE or role)."
        )

    def require_conditional_put(self) -> None:
        """Stop if the store ignores `If-None-Match`: two runs could then overwrite each other.

        Asked once in a lake's life, when its publications are created.

        Raises:
            LakeUnreachable: the store accepted a second object where it should have refused it.
        """
        if not self.is_remote:
            return
        key = "/".join(part for part in (self.prefix, f"_probe-{uuid.uuid4().hex}") if part)
        with self.readable_errors():
            self._client.put_object(Bucket=self.bucket, Key=key, Body=b"", IfNoneMatch="*")
            try:
                self._client.put_object(Bucket=self.bucket, Key=key, Body=b"", IfNoneMatch="*")
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                    return
                raise
            finally:
                self._client.delete_object(Bucket=self.bucket, Key=key)
        message = (
            f"{self.storage.endpoint_url or 'AWS S3'} ignores conditional writes (If-None-Match), "
            "so two runs could overwrite each other's publications. Nothing was written. Use a "
            "store that honours them, or a local folder."
        )
        raise LakeUnreachable(message)

    def local(self, table: str, files: Sequence[str]) -> list[str]:
        """Paths on this machine of a table's data files; `billing_month=.../` stays in them.

        A data file never changes under its name, so an object is downloaded once and kept.

        Raises:
            LakeUnreachable: the store does not answer, or a file of the lake was removed.
        """
        if not self.is_remote:
            return [f"{self.table_url(table)}/{name}" for name in files]
        if not files:
            return []
        with self.readable_errors(), ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            return list(pool.map(lambda name: self._copy(table, name), files))

    def _copy(self, table: str, name: str) -> str:
        target = self._copies / table / name
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
            try:
                self._client.download_file(self.bucket, self._key(table, name), str(part))
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return str(target)

    def new_file(self, table: str, name: str) -> Path:
        """Where a data file is written on this machine before `put`; of no other file's name.

        On disk that is its place in the lake. Otherwise it is the copy `local` would download, so
        that the run that wrote a table reads it without the network.
        """
        root = self._copies / table if self.is_remote else Path(self.table_url(table))
        target = root / name
        with self.readable_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def put(self, table: str, name: str, path: Path) -> None:
        """Make a file on this machine a data file; `path` itself stays as it is."""
        with self.readable_errors():
            if self.is_remote:
                self._client.upload_file(
                    str(path), self.bucket, self._key(table, name), Config=_UPLOAD
                )
            elif path != (target := self.new_file(table, name)):
                shutil.copyfile(path, target)

    def data_files(self, table: str) -> list[DataFile]:
        """Every file below a table's partitions, whoever wrote it; not its log."""
        with self.readable_errors():
            found = self._objects(table) if self.is_remote else self._on_disk(table)
            return sorted(
                (file for file in found if not file.name.startswith("_")),
                key=lambda file: file.name,
            )

    def _objects(self, table: str) -> Iterator[DataFile]:
        start = self._key(table, "")
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=start
        )
        for page in pages:
            for item in page.get("Contents", []):
                yield DataFile(item["Key"].removeprefix(start), item["LastModified"])

    def _on_disk(self, table: str) -> Iterator[DataFile]:
        root = Path(self.table_url(table))
        for path in root.rglob("*"):
            if path.is_file():
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield DataFile(path.relative_to(root).as_posix(), at)

    def remove(self, table: str, files: Sequence[str]) -> None:
        """Remove data files for good. Only `vacuum` decides which."""
        with self.readable_errors():
            for name in files:
                if self.is_remote:
                    self._client.delete_object(Bucket=self.bucket, Key=self._key(table, name))
                    self._copies.joinpath(table, name).unlink(missing_ok=True)
                else:
                    Path(self.table_url(table), name).unlink(missing_ok=True)

    def _key(self, table: str, name: str) -> str:
        return "/".join(part for part in (self.prefix, table, name) if part) + ("" if name else "/")
