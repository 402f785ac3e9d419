-- The few lines of which more is to be said than their text: their number among lines that are
-- about the same, and what a savings plan's rest leaves them billed.
-- grain:  line_number
-- params: none
SELECT
    coalesce(doubled_lines.line_number, plan_rests.line_number) AS line_number,
    doubled_lines.ordinal,
    plan_rests.billed
FROM doubled_lines
FULL JOIN plan_rests ON doubled_lines.line_number = plan_rests.line_number
