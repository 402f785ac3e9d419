"""How fast the heavy steps are and how much memory they take, held against a floor in the same run.

    python -m tests.benchmarks                        every step at 1M bill lines, 10M requests
    python -m tests.benchmarks --scale 10 --markdown  ten times that, growth, the README's table
    python -m tests.benchmarks --only bill-csv-gz --runs 5
    python -m tests.benchmarks --data ~/bench         keep the inputs for the next time

Inputs are made once, the same bytes every time, and are never committed: at `--scale 10` they take
about 8 GB and a quarter of an hour. Without `--data` they lie in the system's temporary folder.

Every measurement is a process of its own from start to end, imports included: wall time, CPU time
and peak memory as the kernel reports them for that process (`os.wait4`). Modules are
compiled once before, as in an installation. Step and floor alternate
(floor, step, floor, step ...) on files that were read once before; the ratio is taken pair by pair
and the median is shown, so that a machine that is busy for a while harms both. The floor is the
least that could be done with the same input:

    step             what it does                                  floor
    bill-csv-gz      bill to charges and totals                    gzip -dc of the same files
    focus-csv-gz ... the same of FOCUS, CUR 2.0, GCP, Azure and    gzip -dc, or for Parquet DuckDB:
                     Alibaba Cloud exports                         every column once
    log-parquet      requests to hourly usage                      DuckDB: the same columns grouped
    log-jsonl-gz     the same from JSON lines                      gzip -dc of the same files
    log-jsonl-bad    the same, one line of one file is broken      gzip -dc of the same files
    attribute        charges and usage to the ledger as Parquet    DuckDB: the charges' columns
    big-month        `modelspend run` of all this, lake included   none: its target is memory
    small-month      `modelspend run` of a demo month              importing the libraries
    unchanged-month  the same again, with every data file replaced by zeros of the same size and
                     time: that it says "unchanged" proves that no file is read

What a step made is checked after its last run, in another process: every line counted, every cent
allocated. A figure of a wrong result is not shown. `growth` is the time at the full size over the
time at a tenth of it: 10 is linear.
"""
