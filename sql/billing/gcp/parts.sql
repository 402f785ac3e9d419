-- The charges that lines with credits and fees of commitments become: the line's own (''), the
-- unused part of a fee ('unused'), and each credit that is a payment ('credit-1', ...).
-- grain:  line_number, line_part
-- params: none (tables `gcp_noted_lines`, `gcp_credits`, `gcp_members`, `gcp_pools`, `gcp_shares`)
WITH shares AS (
    SELECT line_number, sum(share) AS share
    FROM gcp_shares
    GROUP BY line_number
),

-- The commitment of a pool, where all its fees are of one.
pool_commitments AS (
    SELECT pool, min(commitment_id) AS commitment_id
    FROM gcp_members
    WHERE side = 'fee'
    GROUP BY pool
    HAVING count(commitment_id) = count(*) AND count(DISTINCT commitment_id) = 1
),

line_commitments AS (
    SELECT gcp_members.line_number, min(pool_commitments.commitment_id) AS commitment_id
    FROM gcp_members
    INNER JOIN pool_commitments ON gcp_members.pool = pool_commitments.pool
    WHERE side = 'usage'
    GROUP BY gcp_members.line_number
),

whole_fees AS (
    SELECT gcp_members.line_number
    FROM gcp_members
    INNER JOIN gcp_pools ON gcp_members.pool = gcp_pools.pool AND gcp_members.side = gcp_pools.side
    WHERE gcp_members.side = 'fee' AND gcp_pools.is_whole
),

lines AS (
    SELECT
        noted.*,
        coalesce(shares.share, 0) AS share,
        CASE
            WHEN NOT is_fee THEN 0
            WHEN whole_fees.line_number IS NOT NULL THEN 0
            ELSE lowered_cost - coalesce(shares.share, 0)
        END AS unused,
        CASE
            WHEN is_fee THEN coalesce(subscription_id, noted.sku_id, sku_description)
            WHEN credit_use IS NOT NULL
                THEN coalesce(line_commitments.commitment_id, credit_id, credit_name)
        END AS commitment_id,
        CASE WHEN is_fee THEN sku_description ELSE credit_name END AS commitment_name,
        CASE
            WHEN is_fee
                THEN CASE WHEN is_new_model OR is_spend_fee THEN 'Spend' ELSE 'Usage' END
            WHEN credit_use = 'resource' THEN 'Usage'
            WHEN credit_use = 'spend' THEN 'Spend'
        END AS commitment_category
    FROM gcp_noted_lines AS noted
    LEFT JOIN shares ON noted.line_number = shares.line_number
    LEFT JOIN line_commitments ON noted.line_number = line_commitments.line_number
    LEFT JOIN whole_fees ON noted.line_number = whole_fees.line_number
)

SELECT
    line_number,
    '' AS line_part,
    CASE WHEN is_fee THEN 'fee' WHEN credit_use IS NOT NULL THEN 'covered' ELSE 'other' END AS role,
    lowered_cost AS billed,
    CASE WHEN is_fee THEN 0 ELSE lowered_cost + share END AS effective,
    commitment_id,
    commitment_name,
    commitment_category,
    NULL AS credit_type,
    NULL AS credit_name
FROM lines
UNION ALL
SELECT
    line_number,
    'unused' AS line_part,
    'unused' AS role,
    0 AS billed,
    unused AS effective,
    commitment_id,
    commitment_name,
    commitment_category,
    NULL AS credit_type,
    NULL AS credit_name
FROM lines
WHERE unused <> 0
UNION ALL
SELECT
    line_number,
    'credit-' || credit_number AS line_part,
    'credit' AS role,
    amount AS billed,
    amount AS effective,
    NULL AS commitment_id,
    NULL AS commitment_name,
    NULL AS commitment_category,
    coalesce(credit_type, 'credit without a type') AS credit_type,
    credit_name
FROM gcp_credits
WHERE use = 'payment'
