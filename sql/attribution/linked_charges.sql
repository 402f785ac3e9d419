-- The charges whose resource worked for somebody the catalogue or a log names, and how each is split.
-- Where the bill itself names the model, a link may only tell more of the same model: on a resource
-- that worked for another one, or for several, the bill's word stands (`plain_targets.sql`).
-- grain:  origin_id (one charge)
-- params: none
WITH named AS (
    SELECT DISTINCT r.link_key, c.key_model, c.key_version, c.ChargePeriodStart, c.ChargePeriodEnd
    FROM charge_meanings AS c
    INNER JOIN linked_resources AS r ON r.resource_id = c.resource_id
    WHERE c.is_key_known
),
agreeing AS (
    SELECT n.link_key, n.key_model, n.key_version, n.ChargePeriodStart, n.ChargePeriodEnd
    FROM named AS n
    INNER JOIN links AS l
        ON l.link_key = n.link_key AND l.kind IN ('deployment', 'run')
        AND l.valid_from < greatest(n.ChargePeriodEnd, n.ChargePeriodStart + INTERVAL 1 MICROSECOND)
        AND l.valid_until > n.ChargePeriodStart
    GROUP BY ALL
    HAVING bool_and(l.model = n.key_model AND n.key_version IN ('', l.model_version))
)
SELECT
    row_number() OVER () AS origin_id,
    c.source,
    c.x_ChargeId AS charge_id,
    c.resource_id,
    r.link_key,
    c.split,
    c.element,
    c.rule_component AS component,
    c.rule_id,
    c.milli_gpus,
    date_trunc('hour', c.ChargePeriodStart) AS first_hour,
    date_trunc('hour', greatest(
        c.ChargePeriodStart, c.ChargePeriodEnd - INTERVAL 1 MICROSECOND
    )) AS last_hour,
    c.ChargePeriodStart AS starts_at,
    c.ChargePeriodEnd AS ends_at,
    CASE
        WHEN c.ChargeClass IS NOT NULL OR c.split <> 'capacity' OR c.element <> 'hardware' THEN NULL
        WHEN c.counts = 'nothing' THEN NULL
        WHEN regexp_matches(c.ConsumedUnit, '^(1 )?(h$|hr|hour|小时)', 'i')
            THEN (c.ConsumedQuantity * 3600000000)::HUGEINT
        WHEN regexp_matches(c.ConsumedUnit, '^(1 )?(s$|sec|秒)', 'i')
            THEN (c.ConsumedQuantity * 1000000)::HUGEINT
        WHEN regexp_matches(c.ConsumedUnit, '^(1 )?(min|分钟)', 'i')
            THEN (c.ConsumedQuantity * 60000000)::HUGEINT
        WHEN regexp_matches(c.ConsumedUnit, '^(1 )?(day|天)', 'i')
            THEN (c.ConsumedQuantity * 86400000000)::HUGEINT
    END AS machine_us,
    c.counts = 'machines'
    AND regexp_matches(c.resource_id, '(^|/)i-[^/]*$|/virtualmachines?/[^/]*$|/instances/[^/]*$', 'i')
        AS is_one_machine,
    c.BilledCost,
    c.EffectiveCost,
    c.ContractedCost,
    c.ListCost,
    c.ConsumedQuantity
FROM charge_meanings AS c
INNER JOIN linked_resources AS r ON r.resource_id = c.resource_id
LEFT JOIN agreeing AS a
    ON c.is_key_known AND a.link_key = r.link_key AND a.key_model = c.key_model
    AND a.key_version = c.key_version
    AND a.ChargePeriodStart = c.ChargePeriodStart AND a.ChargePeriodEnd = c.ChargePeriodEnd
WHERE c.rule_bucket = '' AND NOT c.is_following
  AND (c.is_key_known IS NOT TRUE OR a.link_key IS NOT NULL)
