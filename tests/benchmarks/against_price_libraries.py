"""Our pricing of log rows beside `litellm` and `genai-prices`, on the same rows in the same run.

    python3 -m venv prices
    prices/bin/pip install litellm==1.109.1 genai-prices==0.2.3
    python -m tests.benchmarks.against_price_libraries prices/bin/python BOOK.csv \\
        --rows 10000000 --library-rows 1000000

BOOK.csv is the genai-prices list as `pipelines.prices.genai_book` reads it. Rows are calls of four
OpenAI models over April to December 2025, when o3's price fell. Each prices them in a process of
its own, whole process measured; the libraries take minutes for a million, so they may get the first
rows alone. The exact total is added up here with `Decimal` from token sums by model and day.
"""

import argparse
import csv
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import duckdb

from tests.benchmarks.inputs import ROOT
from tests.benchmarks.measure import run

MODELS = ("o3", "gpt-4o", "gpt-4o-mini", "gpt-4.1")
CUT = "2025-06-10"
ROWS = """
COPY (
    SELECT
        make_timestamp(1743465600000000 + i * (23760000000000 // $n)) AS started_at,
        'openai' AS provider,
        ['o3', 'gpt-4o', 'gpt-4o-mini', 'gpt-4.1'][i % 4 + 1] AS model,
        100 + i * 7919 % 5000 AS input_tokens,
        (100 + i * 7919 % 5000) // 5 AS input_tokens_cache_read,
        10 + i * 104729 % 900 AS output_tokens
    FROM range($rows) AS r(i)
) TO '{path}' (FORMAT parquet)
"""
OURS = """
import sys
from datetime import datetime
from pathlib import Path
import polars as pl
from pipelines.files import LocalFile
from pipelines.inference.sources import LogInput
from pipelines.inference.usage import read_usage
from pipelines.prices.genai_book import read_genai_prices
from pipelines.prices.pricing import Prices
from tests.benchmarks.step import connect
rows, book, work = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
work.mkdir(exist_ok=True)
prices = Prices([read_genai_prices(book.read_text(), book.name)])
log = LocalFile(str(rows), rows.name, rows.stat().st_size, "e")
window = (datetime(2025, 4, 1), datetime(2026, 1, 1))
with connect(work) as con:
    tables = read_usage(con, [LogInput("log", "UTC", (), [log])], "2025-04", window, work, prices)
usage = pl.read_parquet(tables.usage)
assert usage["requests"].sum() == usage["requests_priced"].sum()
print(usage["list_cost"].sum())
"""
LIBRARY_ROWS = """
import sys
import duckdb
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
con.execute("SELECT model, started_at, input_tokens, input_tokens_cache_read, output_tokens "
            "FROM read_parquet(?)", [sys.argv[1]])
def rows():
    while block := con.fetchmany(50_000):
        yield from block
"""
GENAI = (
    LIBRARY_ROWS
    + """
from datetime import timezone
from decimal import Decimal
from genai_prices import Usage, calc_price
total = Decimal(0)
for model, at, tokens, cached, out in rows():
    usage = Usage(input_tokens=tokens, cache_read_tokens=cached, output_tokens=out)
    found = calc_price(usage, model, provider_id="openai",
                       genai_request_timestamp=at.replace(tzinfo=timezone.utc))
    total += found.total_price
print(total)
"""
)
LITELLM = (
    """
import os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
"""
    + LIBRARY_ROWS
    + """
import litellm
total = 0.0
for model, at, tokens, cached, out in rows():
    cost = litellm.cost_per_token(model=model, custom_llm_provider="openai", prompt_tokens=tokens,
                                  completion_tokens=out, cache_read_input_tokens=cached)
    total += sum(cost)
print(total)
"""
)


def exact_total(rows: Path, book: Path) -> Decimal:
    """What the rows cost by the book, from whole sums of tokens."""
    prices: dict[tuple[str, bool], dict[str, Decimal]] = {}
    with book.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (row["provider"], row["variant"]) != ("openai", "") or row["model"] not in MODELS:
                continue
            names = ("input_mtok", "cache_read_mtok", "output_mtok")
            found = {name: Decimal(row[name]) for name in names}
            for is_late in (False, True):
                if is_late or not row["start_date"]:
                    prices.setdefault((row["model"], is_late), found)
                if is_late and row["start_date"]:
                    prices[row["model"], True] = found
    with duckdb.connect() as con:
        sums = con.sql(
            f"SELECT model, started_at >= '{CUT}', sum(input_tokens - input_tokens_cache_read), "
            f"sum(input_tokens_cache_read), sum(output_tokens) FROM read_parquet('{rows}') "
            "GROUP BY ALL"
        ).fetchall()
    return sum(
        (
            (
                fresh * prices[model, is_late]["input_mtok"]
                + cached * prices[model, is_late]["cache_read_mtok"]
                + out * prices[model, is_late]["output_mtok"]
            )
            / 1_000_000
            for model, is_late, fresh, cached, out in sums
        ),
        Decimal(0),
    )


def main() -> None:
    """Print a line for each: rows/s, seconds, peak memory, total, cents off."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", type=Path, help="a Python that has both libraries")
    parser.add_argument("book", type=Path, help="the genai-prices list as a flat CSV")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--library-rows", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole, first = Path(folder, "rows.parquet"), Path(folder, "first.parquet")
        with duckdb.connect() as con:
            con.execute(ROWS.format(path=whole), {"n": options.rows, "rows": options.rows})
            few = {"n": options.library_rows, "rows": options.library_rows}
            con.execute(ROWS.format(path=first), few)
        ours, libraries = sys.executable, str(options.python.absolute())
        for name, python, code, rows, count in (
            ("modelspend", ours, OURS, whole, options.rows),
            ("modelspend", ours, OURS, first, options.library_rows),
            ("genai-prices", libraries, GENAI, first, options.library_rows),
            ("litellm", libraries, LITELLM, first, options.library_rows),
        ):
            arguments = (str(rows), str(options.book.absolute()), f"{folder}/work")
            command = [python, "-c", code, *arguments]
            done = run(command, ROOT)
            total = Decimal(done.output.strip().splitlines()[-1])
            off = (total - exact_total(rows, options.book)) * 100
            print(
                f"{name:13} {count:>11,} rows  {count / done.seconds:>11,.0f} rows/s  "
                f"{done.seconds:8.2f} s  {done.peak_mb:6.0f} MB  {total:.9f}  {off:+.6f} cents off",
                flush=True,
            )


if __name__ == "__main__":
    main()
