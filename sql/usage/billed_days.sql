-- What was billed by tokens, requests, images and gigabytes, and in which of those hours the log has
-- nothing. A line of more than a day covers its days; what it counts is laid on them later.
-- grain:  first_date, last_date, provider, model, model_version, is_batch, the texts of the line
-- params: none
WITH counted AS (
    SELECT
        w.word AS provider,
        b.model,
        b.model_version,
        c.unit_class,
        c.is_batch,
        b.usage_type,
        b.meter,
        b.description,
        b.amount,
        b.direction,
        b.cache,
        b.unit,
        b.quantity,
        b.starts_at,
        b.ends_at,
        date_trunc('hour', b.starts_at) AS hour,
        date_trunc('day', b.starts_at) AS day,
        b.ends_at - b.starts_at <= INTERVAL 1 HOUR AS is_hourly
    FROM billed_lines AS b
    INNER JOIN billed_counts AS c
        USING (provider, usage_type, meter, description, amount, direction, cache, unit)
    INNER JOIN provider_words AS w ON w.name = b.provider
    WHERE (c.unit_class = 'gigabytes' OR b.element IN ('managed_api', 'marketplace'))
      AND c.unit_class NOT IN ('instance_hours', 'other')
      AND b.component NOT IN ('training', 'update')
),
logged_hours AS (
    -- a log that names no version, or a bill that names none, is compared by the model alone
    SELECT DISTINCT hour, provider, model, unnest([model_version, '']) AS model_version
    FROM named_usage
    WHERE requests > 0 OR input_tokens > 0 OR output_tokens > 0 OR images > 0
    UNION
    SELECT DISTINCT n.hour, n.provider, n.model, b.model_version
    FROM named_usage AS n
    INNER JOIN (SELECT DISTINCT model, model_version FROM counted) AS b USING (model)
    WHERE n.model_version = '' AND (n.requests > 0 OR n.input_tokens > 0 OR n.output_tokens > 0)
),
logged_days AS (
    SELECT DISTINCT date_trunc('day', hour) AS day, provider, model, model_version FROM logged_hours
),
marked AS (
    SELECT
        c.*,
        CASE WHEN c.is_hourly THEN h.hour IS NULL ELSE d.day IS NULL END
            AND c.unit_class <> 'gigabytes' AND c.quantity > 0 AS is_missing
    FROM counted AS c
    LEFT JOIN logged_hours AS h
        ON h.hour = c.hour AND h.provider = c.provider AND h.model = c.model
        AND h.model_version = c.model_version
    LEFT JOIN logged_days AS d
        ON d.day = c.day AND d.provider = c.provider AND d.model = c.model
        AND d.model_version = c.model_version
)
SELECT
    strftime(starts_at, '%Y-%m-%d') AS first_date,
    strftime(ends_at - INTERVAL 1 MICROSECOND, '%Y-%m-%d') AS last_date,
    provider,
    model,
    model_version,
    unit_class,
    is_batch,
    usage_type,
    meter,
    description,
    amount,
    direction,
    cache,
    unit,
    sum(quantity) AS quantity,
    coalesce(sum(quantity) FILTER (WHERE is_missing), 0) AS quantity_missing,
    CASE WHEN bool_and(is_hourly) THEN count(DISTINCT hour) FILTER (WHERE quantity > 0) ELSE 24 END
        AS hours_billed,
    CASE
        WHEN bool_and(is_hourly) THEN count(DISTINCT hour) FILTER (WHERE is_missing)
        WHEN bool_or(is_missing) THEN 24
        ELSE 0
    END AS hours_missing
FROM marked
GROUP BY ALL
ORDER BY ALL
