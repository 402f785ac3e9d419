-- How many lines of the month have a charge type that Azure does not document.
-- grain:  charge_type
-- params: none
SELECT charge_type, count(*) AS lines
FROM raw_lines
WHERE
    line_month = getvariable('month')
    AND line_fate = 'charge'
    AND kind NOT IN (
        'usage',
        'purchase',
        'refund',
        'adjustment',
        'unusedreservation',
        'unusedsavingsplan',
        'tax',
        'credit',
        'roundingadjustment'
    )
GROUP BY charge_type
ORDER BY charge_type
