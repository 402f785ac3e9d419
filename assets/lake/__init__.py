"""The lake: published months on disk or in an object store, one run's tables at a time.

`Lake` writes tables, publishes months and reads them; the other files hold its parts: `publication`
(what a published month consists of), `tables` (Delta tables made from contracts), `data_files`
(rows as Parquet), `store` (where the bytes are) and `vacuum` (what may be removed).
"""

from assets.lake.lake import Lake, MonthHandle
from assets.lake.publication import Publication
from assets.lake.tables import WrittenTable

__all__ = ["Lake", "MonthHandle", "Publication", "WrittenTable"]
