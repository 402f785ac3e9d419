-- The first and the last instant of usage that the charges of a month bill for; NULL without usage.
-- A correction of an earlier month widens the window back to it, a yearly purchase does not.
-- grain:  one row
-- params: $charges list of Parquet files of core_billing__charges
select
    min(ChargePeriodStart)::timestamp as first_instant,
    max(ChargePeriodEnd)::timestamp as last_instant
from read_parquet($charges, union_by_name = true)
where ChargeCategory = 'Usage'
