-- What identifies the lines of an inspected export: accounts, resources, callers, commitments, ...
-- grain:  field
-- params: $most bigint examples (reads inspected_charges)
WITH texts AS (
    SELECT
        "ServiceProviderName" AS providers,
        "BillingAccountId" AS billing_accounts,
        coalesce("SubAccountName" || ' (' || "SubAccountId" || ')', "SubAccountId") AS accounts,
        "ResourceId" AS resources,
        "RegionId" AS regions,
        "x_InstanceType" AS instance_types,
        "CommitmentDiscountId" AS commitments,
        "x_PrincipalId" AS callers,
        "AllocatedMethodId" AS allocations,
        "InvoiceId" AS invoices,
        "EffectiveCost" AS effective
    FROM inspected_charges
),

fields AS (
    UNPIVOT texts
    ON
    providers,
    billing_accounts,
    accounts,
    resources,
    regions,
    instance_types,
    commitments,
    callers,
    allocations,
    invoices
    INTO NAME field VALUE value
),

field_values AS (
    SELECT field, value, count(*) AS lines, sum(effective) AS effective
    FROM fields
    WHERE value <> ''
    GROUP BY field, value
)

SELECT
    field,
    count(*) AS distinct_values,
    sum(lines)::BIGINT AS lines,
    list(value ORDER BY abs(effective) DESC, value)[1:$most] AS examples
FROM field_values
GROUP BY field
ORDER BY field
