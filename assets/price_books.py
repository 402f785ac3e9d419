"""The price books of a project: which files they are, and their prices."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from assets.input_texts import identity, text_of
from assets.project import Project
from pipelines.prices.aws_ec2 import read_aws_ec2, read_aws_ec2_history
from pipelines.prices.azure_vm import read_azure_vm
from pipelines.prices.gcp_machines import read_gcp_machines
from pipelines.prices.genai_book import read_genai_prices
from pipelines.prices.litellm_book import read_litellm
from pipelines.prices.machine_book import read_machines
from pipelines.prices.machine_prices import MachinePrice, MachinePrices
from pipelines.prices.own_book import read_own_prices
from pipelines.prices.pricing import NO_PRICES, Prices
from pipelines.prices.token_prices import TokenPrice
from pipelines.settings import PriceBook

SECTION: Final = "price_books"

TokenReader = Callable[[str, str, datetime | None], list[TokenPrice]]
MachineReader = Callable[[str, str, PriceBook], list[MachinePrice]]

TOKEN_READERS: Final[dict[str, TokenReader]] = {
    "modelspend": lambda text, file, _from: read_own_prices(text, file),
    "genai-prices": lambda text, file, _from: read_genai_prices(text, file),
    "litellm": read_litellm,
}

MACHINE_READERS: Final[dict[str, MachineReader]] = {
    "machines": lambda text, file, book: read_machines(text, file, book.name, book.from_),
    "aws-ec2": lambda text, file, book: read_aws_ec2(text, file, book.name, book.from_),
    "aws-ec2-history": lambda text, file, book: read_aws_ec2_history(text, file, book.name),
    "azure-vm": lambda text, file, book: read_azure_vm(text, file, book.name, book.from_),
    "gcp-machines": lambda text, file, book: read_gcp_machines(
        text, file, book.region, book.name, book.from_
    ),
}


def price_identities(project: Project) -> dict[str, str]:
    """What says of each book that it changed, for the identities of a month's inputs.

    Raises:
        SettingsInvalid: a book's path is no single file.
        LakeUnreachable: a book is not there or its store does not answer.
    """
    return {
        f"price book {book.name}": identity(project, SECTION, book)
        for book in project.settings.price_books
    }


def read_prices(project: Project) -> Prices:
    """The prices of tokens in every book that has such, in the order of the settings.

    Raises:
        SettingsInvalid: a book is not what its format says; names line and column.
        LakeUnreachable: it is not there.
    """
    books = [
        TOKEN_READERS[book.format](*text_of(project, SECTION, book), book.from_)
        for book in project.settings.price_books
        if book.format in TOKEN_READERS
    ]
    return Prices(books) if books else NO_PRICES


def read_machine_prices(project: Project) -> MachinePrices:
    """The prices of machines in every book that has such, in the order of the settings.

    Raises:
        SettingsInvalid: a book is not what its format says; names line and column.
        LakeUnreachable: it is not there.
    """
    return MachinePrices(
        [
            MACHINE_READERS[book.format](*text_of(project, SECTION, book), book)
            for book in project.settings.price_books
            if book.format in MACHINE_READERS
        ]
    )
