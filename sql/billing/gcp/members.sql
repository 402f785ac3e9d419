-- Which fees of commitments of the old model, and which usage their credits cover, share a pool.
-- A fee that names a SKU shares with that SKU's usage; where no fee names it, spend commitments
-- share by the product both texts name, resource commitments by region, machine series and kind.
-- grain:  side, line_number, use
-- params: none (table `gcp_noted_lines`)
WITH fees AS (
    SELECT
        *,
        coalesce(subscription_id, sku_id, sku_description) AS commitment,
        CASE WHEN is_spend_fee THEN 'spend' ELSE 'resource' END AS use,
        CASE
            WHEN is_spend_fee THEN regexp_extract(sku_description, 'v\d+: (\w+)', 1)
            ELSE coalesce(region, '') || ' ' || gcp_machine(sku_description)
        END AS family
    FROM gcp_noted_lines
    WHERE is_fee AND NOT is_new_model
),

attributed AS (
    SELECT DISTINCT commitment FROM fees WHERE originating_sku IS NOT NULL
),

-- The rest of an attributed commitment was not used: it shares with nobody.
shared_fees AS (
    SELECT *
    FROM fees
    WHERE
        originating_sku IS NOT NULL
        OR commitment NOT IN (SELECT attributed.commitment FROM attributed)
),

covered AS (
    SELECT
        *,
        'spend' AS use,
        regexp_extract(credit_name, ': (\w+)', 1) AS family,
        -spend_credit AS weight,
        usage_amount AS quantity
    FROM gcp_noted_lines
    WHERE spend_credit <> 0 AND NOT is_fee
    UNION ALL
    SELECT
        *,
        'resource' AS use,
        coalesce(region, '') || ' ' || gcp_machine(sku_description) AS family,
        -resource_credit AS weight,
        -- The part of the usage the credit pays for, worked out line by line and rounded at once.
        CASE
            WHEN cost <> 0
                THEN (usage_amount::DOUBLE * (-resource_credit)::DOUBLE / cost::DOUBLE)::DECIMAL(38, 6)
        END AS quantity
    FROM gcp_noted_lines
    WHERE resource_credit <> 0 AND NOT is_fee
),

told_pools AS (
    SELECT DISTINCT account, currency, use, originating_sku
    FROM shared_fees
    WHERE originating_sku IS NOT NULL
),

families AS (
    SELECT DISTINCT shared_fees.account, shared_fees.currency, shared_fees.use, shared_fees.family
    FROM shared_fees
    SEMI JOIN covered USING (account, currency, use, family)
    WHERE originating_sku IS NULL
)

SELECT
    'fee' AS side,
    shared_fees.line_number,
    line_key,
    line_order,
    shared_fees.account,
    shared_fees.currency,
    shared_fees.use,
    shared_fees.originating_sku IS NOT NULL AS is_attributed,
    concat_ws(
        '|',
        shared_fees.account,
        shared_fees.currency,
        shared_fees.use,
        coalesce('sku ' || shared_fees.originating_sku, 'family ' || families.family, 'rest')
    ) AS pool,
    subscription_id AS commitment_id,
    lowered_cost AS money,
    -- What is committed in the unit in which use is measured: of a spend commitment money, the fee
    -- counts its US dollars in cents; of a resource commitment the usage itself.
    CASE
        WHEN shared_fees.use = 'spend'
            THEN (pricing_amount::DOUBLE * conversion_rate::DOUBLE / 100)::DECIMAL(38, 18)
        ELSE usage_amount
    END AS quantity,
    CASE WHEN shared_fees.use = 'spend' THEN shared_fees.currency ELSE usage_unit END AS unit
FROM shared_fees
LEFT JOIN families
    ON
        shared_fees.account = families.account
        AND shared_fees.currency = families.currency
        AND shared_fees.use = families.use
        AND shared_fees.family = families.family
UNION ALL
SELECT
    'usage' AS side,
    covered.line_number,
    line_key,
    line_order,
    covered.account,
    covered.currency,
    covered.use,
    told_pools.originating_sku IS NOT NULL AS is_attributed,
    concat_ws(
        '|',
        covered.account,
        covered.currency,
        covered.use,
        coalesce('sku ' || told_pools.originating_sku, 'family ' || families.family, 'rest')
    ) AS pool,
    NULL AS commitment_id,
    weight AS money,
    CASE WHEN covered.use = 'spend' THEN weight ELSE quantity END AS quantity,
    CASE WHEN covered.use = 'spend' THEN covered.currency ELSE usage_unit END AS unit
FROM covered
LEFT JOIN told_pools
    ON
        covered.account = told_pools.account
        AND covered.currency = told_pools.currency
        AND covered.use = told_pools.use
        AND covered.sku_id = told_pools.originating_sku
LEFT JOIN families
    ON
        covered.account = families.account
        AND covered.currency = families.currency
        AND covered.use = families.use
        AND covered.family = families.family
-- Usage of a machine that no fee is for shares with none; products may be named differently, so
-- that what is left of spend commitments shares with what is left of their credits.
WHERE covered.use = 'spend' OR told_pools.originating_sku IS NOT NULL OR families.family IS NOT NULL
