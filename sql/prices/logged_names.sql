-- What the records of a part call their models, as far as a price may hang on it.
-- grain:  logged_provider, logged_model, logged_version, logged_tier, is_batch
-- params: none
SELECT DISTINCT
    provider AS logged_provider,
    model AS logged_model,
    coalesce(model_version, '') AS logged_version,
    coalesce(service_tier, '') AS logged_tier,
    coalesce(is_batch, false) AS is_batch
FROM unpriced_records
WHERE problem IS NULL AND provider <> '' AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
