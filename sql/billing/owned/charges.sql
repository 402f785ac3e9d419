-- The charges of costs on no cloud bill: one for each cost of a row and each day (or month) of it.
-- `owned_parts` holds what was worked out of each row for the month.
-- grain:  line_number, line_part
-- params: $source text, $month text
WITH kinds AS (
    SELECT *
    FROM (
        VALUES
        ('purchase', 'Purchase', 'One-Time'),
        ('depreciation', 'Hardware depreciation', 'Recurring'),
        ('lease', 'Lease', 'Recurring'),
        ('maintenance', 'Maintenance', 'Recurring'),
        ('energy', 'Energy', 'Recurring'),
        ('push', 'Bandwidth', 'Recurring'),
        ('electricity', 'Energy', 'Usage-Based'),
        ('labour', 'Labour', 'Recurring'),
        ('licence', 'Licence', 'Recurring'),
        ('data', 'Data', 'Recurring')
    ) AS t (part, line_item_type, frequency)
),

services AS (
    SELECT *
    FROM (
        VALUES
        ('hardware', 'Owned hardware', 'Compute', 'Machine'),
        ('electricity', 'Electricity', 'Other', NULL),
        ('labour', 'Labour', 'Other', NULL),
        ('software', 'Software licences', 'Other', NULL),
        ('data', 'Third-party data', 'Other', NULL)
    ) AS t (owned_kind, service_name, category, resource_type)
)

SELECT
    bill_lines.line_number,
    bill_lines.line_key,
    owned_parts.part || '/' || strftime(owned_parts.starts_at, '%Y-%m-%d') AS line_part,
    $month AS billing_month,
    strftime(owned_parts.starts_at, '%Y-%m') AS charge_month,
    $source AS source,
    coalesce(bill_lines.supplier, 'Own') AS "ServiceProviderName",
    CASE WHEN bill_lines.owned_kind = 'hardware' THEN 'Own' END AS "HostProviderName",
    coalesce(bill_lines.supplier, 'Own') AS "InvoiceIssuerName",
    -- what nobody invoices is booked by ourselves: it is as final as it will ever be
    coalesce(bill_lines.invoice_id, 'own-' || $month) AS "InvoiceId",
    bill_lines.account AS "BillingAccountId",
    bill_lines.account AS "SubAccountId",
    bill_lines.currency AS "BillingCurrency",
    ($month || '-01')::TIMESTAMP AS "BillingPeriodStart",
    ($month || '-01')::TIMESTAMP + INTERVAL 1 MONTH AS "BillingPeriodEnd",
    owned_parts.starts_at AS "ChargePeriodStart",
    owned_parts.ends_at AS "ChargePeriodEnd",
    CASE WHEN owned_parts.part = 'purchase' THEN 'Purchase' ELSE 'Usage' END AS "ChargeCategory",
    kinds.frequency AS "ChargeFrequency",
    concat_ws(': ', kinds.line_item_type, bill_lines.name) AS "ChargeDescription",
    services.category AS "ServiceCategory",
    'Other (' || services.category || ')' AS "ServiceSubcategory",
    services.service_name AS "ServiceName",
    coalesce(bill_lines.asset_id, bill_lines.id) AS "ResourceId",
    bill_lines.name AS "ResourceName",
    services.resource_type AS "ResourceType",
    bill_lines.region AS "RegionId",
    bill_lines.region AS "RegionName",
    owned_parts.quantity AS "PricingQuantity",
    owned_parts.unit AS "PricingUnit",
    owned_parts.quantity AS "ConsumedQuantity",
    owned_parts.unit AS "ConsumedUnit",
    owned_parts.billed AS "BilledCost",
    owned_parts.effective AS "EffectiveCost",
    owned_parts.effective AS "ContractedCost",
    owned_parts.effective AS "ListCost",
    bill_lines.tags AS "Tags",
    kinds.line_item_type AS "x_LineItemType",
    'owned-' || bill_lines.owned_kind AS "x_ServiceCode",
    bill_lines.owned_kind || '/' || owned_parts.part AS "x_UsageType",
    bill_lines.instance_type AS "x_InstanceType",
    bill_lines.file AS "x_SourceFile",
    bill_lines.line AS "x_SourceLine"
FROM bill_lines
INNER JOIN owned_parts ON bill_lines.line_number = owned_parts.line_number
LEFT JOIN kinds ON owned_parts.part = kinds.part
LEFT JOIN services ON bill_lines.owned_kind = services.owned_kind
