-- How many charges two sources have in common: an id says what a charge is about, not whose it is.
-- grain:  one row
-- params: $first, $second lists of Parquet files of core_billing__charges
SELECT
    count(*) FILTER (WHERE in_first) AS first_charges,
    count(*) FILTER (WHERE in_second) AS second_charges,
    count(*) FILTER (WHERE in_first AND in_second) AS shared_charges
FROM (
    SELECT
        id,
        bool_or(side = 1) AS in_first,
        bool_or(side = 2) AS in_second
    FROM (
        SELECT "x_ChargeId" AS id, 1 AS side FROM read_parquet($first, union_by_name = true)
        UNION ALL
        SELECT "x_ChargeId" AS id, 2 AS side FROM read_parquet($second, union_by_name = true)
    )
    GROUP BY id
)
