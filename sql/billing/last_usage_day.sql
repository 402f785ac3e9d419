-- Until when a month's usage has been billed; NULL where no usage is billed by the hour or the day.
-- Only the month's own periods of at most a day count: a fee spans its month from the first day on,
-- and what recurs (a day of an own machine) is known before its day has come.
-- grain:  one row
-- params: $charges list of Parquet files of core_billing__charges, $month_start timestamp,
--         $month_end timestamp
select max(ChargePeriodEnd)::timestamp as billed_until
from read_parquet($charges, union_by_name = true)
where
    ChargeCategory = 'Usage'
    and coalesce(ChargeFrequency, '') <> 'Recurring'
    and ChargePeriodStart >= $month_start
    and ChargePeriodEnd <= $month_end
    and ChargePeriodEnd - ChargePeriodStart <= interval 1 day
