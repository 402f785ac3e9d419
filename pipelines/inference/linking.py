"""One call, counted once: the same request in several logs is found, and the best log counts it.

Logs rank by how near they are to what is billed: provider, gateway, span, bucket, counter. Where
records of different ranks share an id (`request_id` or `response_id` of either, or a trace that
both have once) they are one call, over any number of logs; the best record counts with its own time
and numbers, and takes from the others what it lacks. The others are kept with `is_counted` false.
10,000 calls in Bedrock's log, the gateway's and the application's spans are 10,000 requests.

What has no link is only judged by what has: where calls that a source sends to a model are linked
with a better log, the few without a link in the hours that log counted the model are taken to be in
it (attempts that failed before they arrived, ids that were lost). Clocks may differ: hours are
compared by the middle distance of all links. Where no call is linked, nothing is assumed: both
logs count, and a warning says so. Buckets and counters have no ids: a better log of the same model
in the same time counts instead of them, as it does for a source whose `overlap` is `hours`.

Hits of a gateway's own cache reached no provider: they are kept, and never linked. Retries and
fallbacks have ids of their own: each attempt that the provider saw counts.

Nothing depends on the order of sources or files: `node`, a record's place, is by rank, by outcome
and attempt, by source name, by file name, by line (in one number: see `linkable`). Ids are compared
by 64-bit hashes: among 100 million the odds of one false link are below a thousandth.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Final

import duckdb

from pipelines.inference.linked import RANKS, How, Linkable, Linked, Links
from pipelines.queries import materialise, query, sql

SPANS: Final = RANKS.index("span")
WITHOUT_IDS: Final = (RANKS.index("bucket"), RANKS.index("counter"))
AROUND: Final = timedelta(days=1)
"""A call may be logged on both sides of the window's edge."""

IN_MEMORY: Final = 4_000_000
"""Rows that are looked up at a time: of more, one share after the other."""

Share = dict[str, int]

TABLES: Final = (
    *("log_labels", "log_nested", "log_presumed", "log_edges", "log_open_edges", "log_numbers"),
    *("log_common_ids", "log_shared_ids", "log_pair_skews", "log_better_hours", "log_own_hours"),
    "log_presumed_hours",
)


def link(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[Linkable],
    window: tuple[datetime, datetime],
    work: Path,
) -> Links:
    """Find the calls that several sources logged.

    Leaves the views `log_seen_elsewhere` (part_no, row) and `log_notes` (part_no, row and what the
    record lacks). Sources of one rank only cost nothing, ids without a partner one pass.
    """
    linking = _Linking(con, sources, window, work)
    linking.run()
    return linking.links


class _Linking:
    """The linking of one run: its steps, and the files that hold what is too large for memory."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        sources: Sequence[Linkable],
        window: tuple[datetime, datetime],
        work: Path,
    ) -> None:
        self.con, self.work = con, work
        self.sources = sorted(sources, key=lambda source: source.name)
        self.run_window = {"window_start": window[0], "window_end": window[1]}
        self.window = {"window_start": window[0] - AROUND, "window_end": window[1] + AROUND}
        self.links = Links()
        self.numbered = [
            (number, source)
            for number, source in enumerate(self.sources)
            if source.overlap != "none" and source.parts
        ]

    def run(self) -> None:
        """Link; afterwards the views are there."""
        for table, columns in (
            ("log_labels", "node BIGINT, label BIGINT"),
            ("log_nested", "node BIGINT"),
            ("log_presumed", "node BIGINT, source_no UTINYINT, better_no UTINYINT"),
        ):
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
        ranks = {source.rank_no for _, source in self.numbered}
        has_members = False
        if len(ranks) > 1 or SPANS in ranks:
            has_members = self._link_by_id()
            if has_members:
                self._presume()
        if len(ranks) > 1 and any(_goes_by_hours(source) for _, source in self.numbered):
            self._cover()
        self._write("log_seen_elsewhere", "inference/links/seen_elsewhere")
        if has_members:
            self._write("log_notes", "inference/links/notes")
        else:
            query(self.con, "inference/links/no_notes").create_view("log_notes", replace=True)
        self._count_links(has_members=has_members)
        for table in TABLES:
            self.con.execute(f"DROP TABLE IF EXISTS {table}")

    def _link_by_id(self) -> bool:
        """Fill `log_labels`: the best record of every linked one. Whether there are any."""
        with_ids = [(number, source) for number, source in self.numbered if source.ids]
        if not with_ids:
            return False
        rows = {number: self._rows(source) for number, source in with_ids}
        largest = max(rows, key=lambda number: (rows[number], -number))
        others = {source.rank for number, source in with_ids if number != largest}
        ids = [
            self._ids(number, source, is_largest=number == largest) for number, source in with_ids
        ]
        reduce(lambda a, b: a.union(b), ids).create_view("log_ids", replace=True)
        materialise(
            self.con,
            "log_common_ids",
            "inference/links/common_ids",
            {"others_differ": len(others) > 1},
        )
        self.con.execute("CREATE OR REPLACE TEMP TABLE log_shared_ids (id_hash UBIGINT)")
        for share in _shares(_count(self.con, "log_common_ids")):
            query(self.con, "inference/links/shared_ids", **share).insert_into("log_shared_ids")
        answers = [
            source.records()
            .filter("response_id <> '' AND problem IS NULL AND left_out IS NULL")
            .project(f"{number}::UTINYINT AS source_no, hash(response_id) AS id_hash")
            for number, source in with_ids
            if source.rank_no == SPANS
        ]
        if answers:
            reduce(lambda a, b: a.union(b), answers).create_view("log_answers", replace=True)
            self.con.execute(
                f"INSERT INTO log_shared_ids {sql('inference/links/repeated_answers')}"
            )
        if not _count(self.con, "log_shared_ids"):
            return False
        self.con.execute("CREATE OR REPLACE TEMP TABLE log_edges (child BIGINT, parent BIGINT)")
        for share in _shares(_count(self.con, "log_shared_ids")):
            found = [
                path
                for number, source in with_ids
                for path in self._write_ids(number, source, share)
            ]
            self._view("log_member_ids", found)
            query(self.con, "inference/links/edges").insert_into("log_edges")
            query(self.con, "inference/links/nested", spans=SPANS).insert_into("log_nested")
        materialise(self.con, "log_labels", "inference/links/first_labels")
        while True:  # as often as logs are chained, which is once or twice
            materialise(self.con, "log_open_edges", "inference/links/open_edges")
            if not _count(self.con, "log_open_edges"):
                break
            materialise(self.con, "log_new_labels", "inference/links/next_labels")
            self.con.execute("DROP TABLE log_labels")
            self.con.execute("ALTER TABLE log_new_labels RENAME TO log_labels")
        shares = _shares(_count(self.con, "log_labels"))
        members = [
            path
            for number, source in with_ids
            for path in self._write_members(number, source, shares)
        ]
        self._view("log_members", members)
        return True

    def _ids(self, number: int, source: Linkable, *, is_largest: bool) -> duckdb.DuckDBPyRelation:
        """The ids of a source as hashes; a record's two ids are often the same text."""
        told = (
            f"{number}::UTINYINT AS source_no, {source.rank_no}::UTINYINT AS rank_no, "
            f"{str(is_largest).lower()} AS is_largest"
        )
        records = source.records()
        good = "problem IS NULL AND left_out IS NULL AND NOT gateway_cache_hit"
        requests = records.filter(f"{good} AND request_id <> ''").project(
            f"{told}, hash(request_id) AS id_hash, false AS is_trace"
        )
        answers = records.filter(
            f"{good} AND response_id <> '' AND response_id IS DISTINCT FROM request_id"
        ).project(f"{told}, hash(response_id) AS id_hash, false AS is_trace")
        traces = records.filter(f"{good} AND trace_id <> ''").project(
            f"{told}, hash('trace', trace_id) AS id_hash, true AS is_trace"
        )
        return requests.union(answers).union(traces)

    def _rows(self, source: Linkable) -> int:
        """How many rows a source has, by the footers of its parts."""
        found = self.con.sql(
            "SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata($paths)",
            params={"paths": list(source.parts)},
        ).fetchall()
        return int(found[0][0] or 0)

    def _open(self, source: Linkable) -> None:
        """Make `log_linkable` the good records of one source."""
        source.open()
        self.con.execute("SET VARIABLE log_rank = $rank", {"rank": source.rank_no})
        self.con.execute("CREATE OR REPLACE TEMP TABLE log_numbers (path VARCHAR, part_no INTEGER)")
        self.con.executemany(
            "INSERT INTO log_numbers VALUES (?, ?)", [list(part) for part in source.parts.items()]
        )
        source.records().create_view("log_unnumbered", replace=True)
        self.con.execute(
            f"CREATE OR REPLACE TEMP VIEW log_linkable AS {sql('inference/links/linkable')}"
        )

    def _write_ids(self, number: int, source: Linkable, share: Share) -> list[Path]:
        """Write which records share an id, a kind of id at a time: one look-up in memory each."""
        self._open(source)
        paths = []
        for kind in sorted(name.removesuffix("_id") for name in source.ids):
            paths.append(self._path(f"ids-{number}-{kind}"))
            query(
                self.con,
                "inference/links/member_ids",
                source=number,
                kind=kind,
                **share,
                **self.window,
            ).write_parquet(str(paths[-1]))
        return paths

    def _write_members(self, number: int, source: Linkable, shares: Sequence[Share]) -> list[Path]:
        self._open(source)
        paths = []
        for share in shares:
            paths.append(self._path(f"members-{number}-{share['share']}"))
            query(
                self.con,
                "inference/links/members",
                source=number,
                rank=source.rank_no,
                **share,
            ).write_parquet(str(paths[-1]))
        return paths

    def _presume(self) -> None:
        """Fill `log_presumed` with records without a link that are in a better log all the same."""
        materialise(self.con, "log_pair_skews", "inference/links/pair_skews")
        pairs = query(self.con, "inference/links/skews").fetchall()
        if not pairs:
            return
        self._create_hours("log_better_hours", "rank_no UTINYINT")
        self._create_hours("log_own_hours", "better_no UTINYINT")
        by_number = dict(self.numbered)
        for number in sorted({pair[1] for pair in pairs}):
            self._add_hours(number, "log_better_hours", by_number[number].rank_no, 0)
        for number, better, skew, _ in pairs:
            self._add_hours(number, "log_own_hours", better, skew)
        materialise(self.con, "log_presumed_hours", "inference/links/presumed_hours")
        for number, better, skew, _ in pairs:
            wanted = "SELECT 1 FROM log_presumed_hours WHERE source_no = $s AND better_no = $b"
            if not self.con.sql(f"{wanted} LIMIT 1", params={"s": number, "b": better}).fetchall():
                continue
            source = by_number[number]
            self._open(source)
            rows = query(
                self.con,
                "inference/links/presumed_rows",
                source=number,
                better=better,
                skew_seconds=skew,
                **self.run_window,
            )
            rows.project(f"node, {number}::UTINYINT, {better}::UTINYINT").insert_into(
                "log_presumed"
            )

    def _cover(self) -> None:
        """Add to `log_presumed` what has no ids and lies in times that a better log counted."""
        self._create_hours("log_better_hours", "rank_no UTINYINT")
        for rank in sorted({source.rank_no for _, source in self.numbered}):
            for number, source in self.numbered:
                if source.rank_no != rank:
                    continue
                if _goes_by_hours(source):
                    self._open(source)
                    covered = query(
                        self.con,
                        "inference/links/covered_rows",
                        rank=rank,
                        **self.run_window,
                    )
                    covered.project(
                        f"node, {number}::UTINYINT AS source_no, better_no"
                    ).insert_into("log_presumed")
            for number, source in self.numbered:
                if source.rank_no == rank:
                    self._add_hours(number, "log_better_hours", rank, 0)

    def _create_hours(self, table: str, more: str) -> None:
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} (source_no UTINYINT, provider VARCHAR, "
            "account_id VARCHAR, region VARCHAR, resource_id VARCHAR, model VARCHAR, hour BIGINT, "
            f"is_ok BOOLEAN, requests BIGINT, {more})"
        )

    def _add_hours(self, number: int, table: str, more: int, skew: int) -> None:
        """Add the hours in which a source counted, by a clock that is `skew` seconds ahead."""
        self._open(dict(self.numbered)[number])
        hours = query(
            self.con,
            "inference/links/counted_hours",
            source=number,
            skew_seconds=skew,
            **self.window,
        )
        hours.project(
            "source_no, provider, account_id, region, resource_id, model, hour, is_ok, requests, "
            f"{more}::UTINYINT"
        ).insert_into(table)

    def _write(self, view: str, name: str) -> None:
        """Put rows by part and row into a file, and a view on it."""
        path = self._path(view)
        query(self.con, name).write_parquet(str(path))
        self._view(view, [path])
        parts = self.con.sql(f"SELECT DISTINCT part_no FROM {view}").fetchall()
        self.links.parts |= {int(part) for (part,) in parts}

    def _view(self, view: str, paths: Sequence[Path]) -> None:
        self.con.read_parquet([str(path) for path in paths]).create_view(view, replace=True)

    def _path(self, name: str) -> Path:
        path = self.work / f"{name}.links.parquet"
        if path not in self.links.files:
            self.links.files.append(path)
        return path

    def _count_links(self, *, has_members: bool) -> None:
        """Count what is counted elsewhere, source by source."""
        names = {number: source.name for number, source in self.numbered}
        found: list[tuple[int, int, How, int]] = [
            (number, better, "hour", records)
            for number, better, records in query(
                self.con, "inference/links/presumed_counts"
            ).fetchall()
        ]
        if has_members:
            found += query(self.con, "inference/links/linked_counts", **self.run_window).fetchall()
        self.links.found = [
            Linked(names[number], names[better], how, records)
            for number, better, how, records in found
        ]


def _goes_by_hours(source: Linkable) -> bool:
    """Whether its records give way to a better log of the same hour."""
    return source.rank_no in WITHOUT_IDS or source.overlap == "hours"


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    found = con.sql(f"SELECT count(*) FROM {table}").fetchall()
    return int(found[0][0])


def _shares(rows: int) -> list[Share]:
    """As many shares as rows must be looked up in."""
    shares = max(1, -(-rows // IN_MEMORY))
    return [{"shares": shares, "share": share} for share in range(shares)]
