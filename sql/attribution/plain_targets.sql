-- Where each charge goes that no split decided: by rule, the bill's model keys, tag, caller, usage type
-- or service, in this order. A name the catalogue knows beats one it does not.
-- What is AI by some evidence but no model's is unattributed; without evidence it is not AI.
-- grain:  source, x_ChargeId (the charge's own columns and its target)
-- params: none (a view: the tables it names hold the parameters)
WITH found AS (
    SELECT
        c.*,
        t.tag_component,
        tc.component AS tagged_component,
        n.model AS tagged_model,
        n.model_version AS tagged_version,
        n.is_known AS is_tag_known,
        p.bucket AS caller_bucket,
        p.model AS caller_model,
        p.model_version AS caller_version,
        p.method AS caller_method,
        p.evidence AS caller_evidence,
        r.resource_id IS NOT NULL AND r.link_key IN (SELECT link_key FROM links) AS is_linked,
        a.account IS NOT NULL AS is_ai_account
    FROM charge_meanings AS c
    LEFT JOIN tag_sets AS t
        ON t.tags = coalesce(c.Tags, '') AND t.allocated_tags = coalesce(c.AllocatedTags, '')
    LEFT JOIN tag_names AS n ON n.tag_model = t.tag_model AND n.tag_version = t.tag_version
    LEFT JOIN tag_components AS tc ON tc.tag_component = t.tag_component
    LEFT JOIN caller_targets AS p
        ON p.principal_id = coalesce(c.x_PrincipalId, '')
        AND p.credential_id = coalesce(c.x_CredentialId, '')
        AND p.starts_at = c.ChargePeriodStart AND p.ends_at = c.ChargePeriodEnd
    LEFT JOIN linked_resources AS r ON r.resource_id = c.resource_id
    LEFT JOIN ai_accounts AS a ON a.account = c.SubAccountId
    ANTI JOIN split_charges AS s ON s.source = c.source AND s.charge_id = c.x_ChargeId
),
ways AS (
    SELECT
        *,
        CASE
            WHEN rule_bucket <> '' AND NOT is_following THEN 'rule'
            WHEN is_key_known THEN 'model keys'
            WHEN key_model IS NOT NULL AND is_tag_known IS NOT TRUE AND caller_bucket IS NULL THEN 'model keys'
            WHEN tagged_model IS NOT NULL THEN 'tag'
            WHEN caller_bucket IS NOT NULL THEN 'caller'
            WHEN text_model <> '' THEN 'usage type'
            WHEN service_model <> '' THEN 'service'
            WHEN rule_bucket <> '' THEN 'rule'
            WHEN is_ai OR is_ai_account OR is_linked OR tagged_component IS NOT NULL THEN 'ai'
            ELSE 'none'
        END AS way
    FROM found
),
targets AS (
    SELECT
        *,
        CASE way
            WHEN 'model keys' THEN key_model
            WHEN 'tag' THEN tagged_model
            WHEN 'caller' THEN caller_model
            WHEN 'usage type' THEN text_model
            WHEN 'service' THEN service_model
            ELSE ''
        END AS model,
        CASE way
            WHEN 'model keys' THEN key_version
            WHEN 'tag' THEN tagged_version
            WHEN 'caller' THEN caller_version
            WHEN 'usage type' THEN text_version
            ELSE ''
        END AS model_version
    FROM ways
)
SELECT
    * EXCLUDE (
        resource_id, rule_component, rule_bucket, is_following, is_ai, split, counts, milli_gpus,
        tag_component, tagged_component, tagged_model, tagged_version, is_tag_known,
        caller_bucket, caller_model, caller_version, caller_method, caller_evidence,
        text_model, text_version, service_model, key_model, key_version, is_key_known,
        is_linked, is_ai_account, way
    ),
    CASE way
        WHEN 'rule' THEN rule_bucket
        WHEN 'ai' THEN 'unattributed'
        WHEN 'none' THEN 'not_ai'
        WHEN 'caller' THEN caller_bucket
        ELSE CASE WHEN model_version = '' THEN 'model' ELSE 'model_version' END
    END AS bucket,
    CASE WHEN model = '' THEN '' ELSE coalesce(tagged_component, rule_component) END AS component,
    CASE way WHEN 'caller' THEN caller_method ELSE 'direct' END AS method,
    CASE way
        WHEN 'ai' THEN CASE
            WHEN is_linked THEN 'resource without a deployment at the time'
            WHEN is_ai THEN 'AI service or accelerator'
            WHEN is_ai_account THEN 'AI account'
            ELSE 'component tag'
        END
        WHEN 'none' THEN ''
        WHEN 'caller' THEN caller_evidence
        ELSE way
    END AS evidence
FROM targets
