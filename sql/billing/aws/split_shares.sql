-- Container split rows (EKS, ECS): what part of its parent's charge a pod or task used and reserved.
-- grain:  x_ShareId
-- params: $source text, $month text, $use_net boolean
SELECT
    $month AS billing_month,
    $source AS source,
    CASE
        WHEN doubled_lines.ordinal IS NULL THEN md5(line_key)
        ELSE md5(line_key) || '-' || doubled_lines.ordinal
    END AS "x_ShareId",
    currency_code AS "BillingCurrency",
    usage_account_id AS "SubAccountId",
    coalesce(
        instant(usage_start),
        instant(split_part(time_interval, '/', 1)),
        instant(billing_period_start)
    ) AS "ChargePeriodStart",
    greatest(
        "ChargePeriodStart",
        coalesce(
            instant(usage_end),
            instant(split_part(time_interval, '/', 2)),
            instant(usage_start),
            instant(billing_period_end)
        )
    ) AS "ChargePeriodEnd",
    resource_id AS "ResourceId",
    parent_resource_id AS "x_ParentResourceId",
    usage_type AS "x_UsageType",
    operation AS "x_Operation",
    CASE
        WHEN tag_texts.tags IS NULL THEN month_lines.tags
        WHEN month_lines.tags = '{}' THEN tag_texts.tags
        ELSE json_merge_patch(tag_texts.tags, month_lines.tags)::VARCHAR
    END AS "Tags",
    CASE
        WHEN $use_net THEN coalesce(amount(net_split_cost), amount(split_cost))
        ELSE amount(split_cost)
    END AS used_cost,
    CASE
        WHEN $use_net THEN coalesce(amount(net_split_unused), amount(split_unused), 0)
        ELSE coalesce(amount(split_unused), 0)
    END AS unused_cost,
    month_lines.file AS "x_SourceFile",
    month_lines.line AS "x_SourceLine"
FROM month_lines
LEFT JOIN doubled_lines
    ON month_lines.line_number = doubled_lines.line_number
LEFT JOIN tag_texts
    ON
        coalesce(month_lines.tag_map, '') = tag_texts.all_tags
        AND coalesce(month_lines.resource_tag_map, '') = tag_texts.resource_tags
        AND coalesce(month_lines.cost_category_map, '') = tag_texts.categories
WHERE line_fate = 'split'
