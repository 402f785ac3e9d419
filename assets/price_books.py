"""The price books of a project: which files they are, and their prices.

One file each, plain or .gz, local or in an object store, as any other input of a month.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from assets.object_store import StoredFile, fetch_all, list_files
from assets.project import Project
from pipelines.errors import FileDamaged, SettingsInvalid
from pipelines.files import content
from pipelines.inputs import digest_of
from pipelines.prices.genai_book import read_genai_prices
from pipelines.prices.litellm_book import read_litellm
from pipelines.prices.own_book import read_own_prices
from pipelines.prices.pricing import NO_PRICES, Prices
from pipelines.prices.token_prices import TokenPrice
from pipelines.settings import PriceBook

Reader = Callable[[str, str, datetime | None], list[TokenPrice]]

READERS: Final[dict[str, Reader]] = {
    "modelspend": lambda text, file, _from: read_own_prices(text, file),
    "genai-prices": lambda text, file, _from: read_genai_prices(text, file),
    "litellm": read_litellm,
}


def price_identities(project: Project) -> dict[str, str]:
    """What says of each book that it changed, for the identities of a month's inputs.

    Raises:
        LakeUnreachable: a book is not there or its store does not answer.
    """
    found = {}
    for book in project.settings.price_books:
        file = _file(project, book)
        found[f"price book {book.name}"] = digest_of(f"{file.size}\n{file.etag}")
    return found


def read_prices(project: Project) -> Prices:
    """The prices of every book, in the order of the settings.

    Raises:
        SettingsInvalid: a book is not what its format says; names line and column.
        LakeUnreachable: it is not there.
    """
    if not project.settings.price_books:
        return NO_PRICES
    return Prices([_prices(project, book) for book in project.settings.price_books])


def _prices(project: Project, book: PriceBook) -> list[TokenPrice]:
    [file] = fetch_all([_file(project, book)], book.storage, project.cache)
    try:
        text = b"".join(content(file)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsInvalid(file.path, [f"price book {book.name} is not UTF-8"]) from error
    except FileDamaged as error:
        raise SettingsInvalid(file.path, [f"price book {book.name}: {error.problem}"]) from error
    return READERS[book.format](text, file.path, book.from_)


def _file(project: Project, book: PriceBook) -> StoredFile:
    path = project.at(book.path)
    files = list_files(path, book.storage)
    if len(files) != 1:
        problem = f"price_books.{book.name}.path: {path} is {len(files)} files, a book is one"
        raise SettingsInvalid(str(project.file), [problem])
    return files[0]
