-- What the distinct price details of the month say about the model (FOCUS 1.5 draft, or with `x_`).
-- grain:  price_details
-- params: none
WITH details AS (
    SELECT DISTINCT SkuPriceDetails AS price_details
    FROM charges
    WHERE json_valid(SkuPriceDetails) AND SkuPriceDetails ILIKE '%Model%'
),
keys AS (
    SELECT
        price_details,
        coalesce(price_details ->> '$.ModelDeveloper', price_details ->> '$.x_ModelDeveloper', '') AS developer,
        coalesce(price_details ->> '$.ModelFamily', price_details ->> '$.x_ModelFamily', '') AS family,
        coalesce(price_details ->> '$.ModelId', price_details ->> '$.x_ModelId', '') AS model_id,
        coalesce(price_details ->> '$.ModelVersion', price_details ->> '$.x_ModelVersion', '') AS model_version
    FROM details
)
SELECT price_details, developer, family, model_id, model_version
FROM keys
WHERE model_id <> '' OR family <> ''
