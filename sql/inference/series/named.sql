-- What each series of a mapping counts as, from the table that the mapping made of its heads.
-- grain:  head_no
-- params: none
SELECT
    head_no,
    identity,
    identity AS device,
    field,
    factor,
    precision,
    ceiling,
    1 AS preference,
    true AS is_part,
    held_field,
    held_factor,
    {
        'model': model,
        'model_version': model_version,
        'resource_id': resource_id,
        'provider': provider,
        'account_id': account_id,
        'region': region,
        'operation': operation,
        'tenant': tenant,
        'use_case': use_case,
        'service_tier': service_tier,
        'status': status
    } AS record
FROM series_meanings
