"""Reads a store of MLflow's in PostgreSQL; imported only where one is set."""

import re
from collections.abc import Iterator

import psycopg
from psycopg import IsolationLevel, sql
from psycopg.rows import dict_row

from assets.registries.mlflow_tables import Item, of_tables
from pipelines.errors import RegistryUnreachable

_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


def ask(registry: str, uri: str) -> dict[str, list[Item]]:
    """The answers of the store, all tables as of one instant.

    Raises:
        RegistryUnreachable: the server does not answer, or refuses.
    """
    address = _SCHEME.sub("postgresql://", uri)
    try:
        with psycopg.connect(address, row_factory=dict_row, connect_timeout=10) as con:
            con.read_only = True
            con.isolation_level = IsolationLevel.REPEATABLE_READ

            def rows(table: str) -> Iterator[Item]:
                known = con.execute("SELECT to_regclass(%s) AS found", [table]).fetchone()
                if known and known["found"]:
                    yield from con.execute(sql.SQL("TABLE {}").format(sql.Identifier(table)))

            return of_tables(rows)
    except psycopg.Error as error:
        problem = f"{address} cannot be read: {str(error).strip()}"
        raise RegistryUnreachable(registry, problem) from error
