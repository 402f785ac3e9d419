-- The records of one source with their part, without those that repeat another of its records.
-- grain:  part_no, row
-- params: none; view log_unnumbered, tables log_numbers, log_duplicates
SELECT records.*, numbers.part_no
FROM log_unnumbered AS records
JOIN log_numbers AS numbers ON records.path = numbers.path
ANTI JOIN log_duplicates AS doubles
    ON numbers.part_no = doubles.part_no AND records.row = doubles.row
