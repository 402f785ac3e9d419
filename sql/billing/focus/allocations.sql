-- Origins of split cost allocation whose ratios do not add up to exactly 1.
-- An origin is what its rows agree in: FOCUS gives it no id of its own.
-- grain:  resource, period_start, ratio
-- params: none
WITH ratios AS (
    SELECT
        coalesce(
            origin_id,
            concat_ws(
                '|',
                coalesce(billing_account_id, ''),
                coalesce(sub_account_id, ''),
                coalesce(provider, ''),
                coalesce(billing_currency, ''),
                coalesce(charge_category, ''),
                coalesce(charge_class, ''),
                coalesce(charge_period_start, ''),
                coalesce(charge_period_end, ''),
                coalesce(service_name, ''),
                coalesce(sku_id, ''),
                coalesce(sku_price_id, ''),
                coalesce(resource_id, ''),
                coalesce(commitment_discount_id, ''),
                coalesce(commitment_discount_status, ''),
                coalesce(allocated_method_id, ''),
                coalesce(focus_tags, '')
            )
        ) AS origin,
        coalesce(resource_id, origin_id, sku_id, '(no resource)') AS resource,
        charge_period_start AS period_start,
        -- The text of each number: a JSON number read as a double would not add up.
        list_sum(
            list_transform(
                regexp_extract_all(
                    allocated_method_details,
                    '"AllocatedRatio"\s*:\s*"?([-+0-9.eE]+)',
                    1
                ),
                lambda text: amount(text)
            )
        ) AS ratio
    FROM bill_lines
    WHERE allocated_method_details IS NOT NULL AND allocated_method_id IS NOT NULL
)

SELECT
    min(resource) AS resource,
    min(period_start) AS period_start,
    sum(ratio) AS ratio,
    count(*) AS lines
FROM ratios
GROUP BY origin
-- Origins that agree in everything cannot be told apart: two of them add up to 2.
HAVING sum(ratio) IS NULL OR sum(ratio) <= 0 OR sum(ratio) <> trunc(sum(ratio))
ORDER BY resource, period_start, ratio
