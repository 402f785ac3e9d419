-- FOCUS Cost and Usage: charges that went whole to one place as they are, split charges as their allocated ones.
-- Every column of every version; the caller selects those of its own. Of an allocated charge all dimensions and
-- unit prices are the origin's. ProviderName (1.3, deprecated) is who sells: the invoice's issuer. Quantities the ledger does not split are cut at its ratio marks.
-- grain:  allocated charge (source, x_OriginChargeId, x_Bucket, x_ModelId, x_ModelVersion, ...)
-- params: none (views `focus_charges` and `allocated`, tables `split_origins` and `split_ratios`, macros of pipelines.focus_out.dataset)
WITH ledger AS (
    SELECT a.*, NULL::HUGEINT AS ratio, NULL::HUGEINT AS ratio_before
    FROM allocated AS a
    ANTI JOIN split_origins AS o ON o.source = a.source AND o."x_OriginChargeId" = a."x_OriginChargeId"
    UNION ALL BY NAME
    SELECT * FROM split_ratios
),
named AS (
    SELECT
        *,
        ratio IS NOT NULL AS is_split,
        bucket IN ('model', 'model_version') AS is_models,
        CASE
            WHEN bucket = 'model_version' THEN model || '/' || model_version
            WHEN bucket = 'model' THEN concat_ws('/', model, nullif(model_version, ''))
        END AS recipient
    FROM ledger
)
SELECT
    c.* EXCLUDE (
        source, "x_ChargeId", ledger_quantity, "SkuPriceDetails", "PricingQuantity", "ConsumedQuantity",
        "CommitmentDiscountQuantity", "AllocatedMethodId", "AllocatedMethodDetails", "AllocatedResourceId",
        "AllocatedResourceName", "AllocatedTags"
    ),
    c."InvoiceIssuerName" AS "ProviderName",
    c."ServiceProviderName" AS "PublisherName",
    a."BilledCost",
    a."EffectiveCost",
    a."ContractedCost",
    a."ListCost",
    CASE WHEN c."PricingCurrency" = c."BillingCurrency" THEN a."EffectiveCost" END AS "PricingCurrencyEffectiveCost",
    CASE
        WHEN NOT a.is_split AND a.is_models AND a.element = 'managed_api' AND c."SkuPriceId" IS NOT NULL
            AND NOT coalesce(json_exists(c."SkuPriceDetails", '/x_ModelId'), false)
            THEN json_merge_patch(
                coalesce(c."SkuPriceDetails", '{}')::JSON,
                json_object('x_ModelId', CASE WHEN a.bucket = 'model_version' THEN a.model_version ELSE a.model END)
            )::VARCHAR
        ELSE c."SkuPriceDetails"
    END AS "SkuPriceDetails",
    CASE
        WHEN a.is_split
            THEN part_of(c."PricingQuantity", c.ledger_quantity, a."ConsumedQuantity", a.ratio, a.ratio_before)
        ELSE c."PricingQuantity"
    END AS "PricingQuantity",
    CASE
        WHEN a.is_split
            THEN part_of(c."ConsumedQuantity", c.ledger_quantity, a."ConsumedQuantity", a.ratio, a.ratio_before)
        ELSE c."ConsumedQuantity"
    END AS "ConsumedQuantity",
    CASE
        WHEN a.is_split
            THEN part_of(
                c."CommitmentDiscountQuantity", c.ledger_quantity, a."ConsumedQuantity", a.ratio, a.ratio_before
            )
        ELSE c."CommitmentDiscountQuantity"
    END AS "CommitmentDiscountQuantity",
    CASE WHEN a.is_split THEN concat_ws('/', a.rule_id, a.method) ELSE c."AllocatedMethodId" END
        AS "AllocatedMethodId",
    CASE
        WHEN a.is_split
            THEN '{"Elements":[{"AllocatedRatio":'
                || plain_number((a.ratio::BIGINT * 0.000000000001::DECIMAL(12, 12))::VARCHAR)
                || CASE
                    WHEN a."ConsumedQuantity" IS NULL OR c."ConsumedUnit" IS NULL THEN ''
                    ELSE ',"UsageUnit":' || to_json(c."ConsumedUnit")::VARCHAR
                        || ',"UsageQuantity":' || plain_number(a."ConsumedQuantity"::VARCHAR)
                END
                || CASE
                    WHEN a.evidence = '' THEN '' ELSE ',"x_Evidence":' || to_json(a.evidence)::VARCHAR
                END
                || '}]}'
        ELSE c."AllocatedMethodDetails"
    END AS "AllocatedMethodDetails",
    CASE WHEN a.is_split THEN a.recipient ELSE c."AllocatedResourceId" END AS "AllocatedResourceId",
    CASE WHEN a.is_split THEN replace(a.recipient, '/', ' ') ELSE c."AllocatedResourceName" END
        AS "AllocatedResourceName",
    CASE
        WHEN a.is_split
            THEN json_merge_patch(
                coalesce(c."AllocatedTags", '{}')::JSON,
                json_object(
                    'modelspend/bucket', new_tag(c."Tags", '/modelspend~1bucket', a.bucket),
                    'modelspend/model', new_tag(c."Tags", '/modelspend~1model', a.model),
                    'modelspend/model_version', new_tag(c."Tags", '/modelspend~1model_version', a.model_version),
                    'modelspend/component', new_tag(c."Tags", '/modelspend~1component', a.component),
                    'modelspend/element', new_tag(c."Tags", '/modelspend~1element', a.element),
                    'modelspend/owner', new_tag(c."Tags", '/modelspend~1owner', a.owner),
                    'modelspend/cost_centre', new_tag(c."Tags", '/modelspend~1cost_centre', a.cost_centre)
                )
            )::VARCHAR
        ELSE c."AllocatedTags"
    END AS "AllocatedTags",
    a."x_OriginChargeId",
    a.charge_month AS "x_ChargeMonth",
    a.source AS "x_SourceName",
    a.bucket AS "x_Bucket",
    nullif(a.model, '') AS "x_ModelId",
    nullif(a.model_version, '') AS "x_ModelVersion",
    nullif(a.component, '') AS "x_Component",
    nullif(a.element, '') AS "x_Element",
    nullif(a.method, '') AS "x_Method",
    nullif(a.rule_id, '') AS "x_RuleId",
    nullif(a.evidence, '') AS "x_Evidence",
    nullif(a.owner, '') AS "x_Owner",
    nullif(a.cost_centre, '') AS "x_CostCentre",
    CASE
        WHEN a.is_split AND c."AllocatedMethodId" IS NOT NULL
            THEN json_object(
                'AllocatedMethodId', c."AllocatedMethodId",
                'AllocatedMethodDetails', TRY_CAST(c."AllocatedMethodDetails" AS JSON),
                'AllocatedResourceId', c."AllocatedResourceId",
                'AllocatedResourceName', c."AllocatedResourceName"
            )::VARCHAR
    END AS "x_ProviderAllocation"
FROM named AS a
INNER JOIN focus_charges AS c ON c.source = a.source AND c."x_ChargeId" = a."x_OriginChargeId"
