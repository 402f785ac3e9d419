"""Inputs of every month that are one text each: price books and rates of exchange.

Plain or .gz, local or in an object store. What they are called in messages is their key in the
settings.
"""

from assets.object_store import StoredFile, fetch_all, list_files
from assets.project import Project
from pipelines.errors import FileDamaged, SettingsInvalid
from pipelines.files import content
from pipelines.inputs import digest_of
from pipelines.settings import FxRates, PriceBook


def identity(project: Project, section: str, source: PriceBook | FxRates) -> str:
    """What says of the file that it changed.

    Raises:
        SettingsInvalid: the path is no single file.
        LakeUnreachable: it is not there or its store does not answer.
    """
    file = _file(project, section, source)
    return digest_of(f"{file.size}\n{file.etag}")


def text_of(project: Project, section: str, source: PriceBook | FxRates) -> tuple[str, str]:
    """The text of the file, and the file as messages name it.

    Raises:
        SettingsInvalid: as `identity`, or it is not UTF-8, or no whole gzip.
        LakeUnreachable: as `identity`.
    """
    listed = _file(project, section, source)
    [file] = fetch_all([listed], source.storage, project.cache)
    try:
        return b"".join(content(file)).decode("utf-8-sig"), listed.url
    except UnicodeDecodeError as error:
        problem = f"{section}.{source.name} is not UTF-8"
        raise SettingsInvalid(listed.url, [problem]) from error
    except FileDamaged as error:
        problem = f"{section}.{source.name}: {error.problem}"
        raise SettingsInvalid(listed.url, [problem]) from error


def _file(project: Project, section: str, source: PriceBook | FxRates) -> StoredFile:
    path = project.at(source.path)
    files = list_files(path, source.storage)
    if len(files) != 1:
        problem = f"{section}.{source.name}.path: {path} is {len(files)} files, it must be one"
        raise SettingsInvalid(str(project.file), [problem])
    return files[0]
