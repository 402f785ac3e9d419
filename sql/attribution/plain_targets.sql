-- Where each charge goes that no split decided: by rule, tag, usage type or service, in this order.
-- What is AI by some evidence but no model's is unattributed; without evidence it is not AI.
-- grain:  source, x_ChargeId (the charge's own columns and its target)
-- params: none (a view: the tables it names hold the parameters)
WITH found AS (
    SELECT
        c.*,
        m.rule_id,
        m.element,
        m.component AS rule_component,
        m.bucket AS rule_bucket,
        m.is_following,
        m.is_ai,
        t.tag_component,
        tc.component AS tagged_component,
        n.model AS tagged_model,
        n.model_version AS tagged_version,
        m.model AS text_model,
        m.model_version AS text_version,
        m.service_model,
        r.resource_id IS NOT NULL AND r.link_key IN (SELECT link_key FROM links) AS is_linked,
        a.account IS NOT NULL AS is_ai_account
    FROM charges AS c
    INNER JOIN signature_meanings AS m
        ON m.provider = coalesce(c.ServiceProviderName, '')
        AND m.service = coalesce(c.x_ServiceCode, c.ServiceName, '')
        AND m.usage_type = coalesce(c.x_UsageType, '')
        AND m.operation = coalesce(c.x_Operation, '')
        AND m.line_item = coalesce(c.x_LineItemType, '')
        AND m.category = coalesce(c.ChargeCategory, '')
        AND m.instance_type = coalesce(c.x_InstanceType, '')
        AND m.product_family = coalesce(c.x_ProductFamily, '')
    AND m.service_name = coalesce(c.ServiceName, '')
    LEFT JOIN tag_sets AS t ON t.tags = c.Tags
    LEFT JOIN tag_names AS n ON n.tag_model = t.tag_model AND n.tag_version = t.tag_version
    LEFT JOIN tag_components AS tc ON tc.tag_component = t.tag_component
    LEFT JOIN linked_resources AS r ON r.resource_id = c.ResourceId
    LEFT JOIN ai_accounts AS a ON a.account = c.SubAccountId
    ANTI JOIN split_charges AS s ON s.source = c.source AND s.charge_id = c.x_ChargeId
),
ways AS (
    SELECT
        *,
        CASE
            WHEN rule_bucket <> '' AND NOT is_following THEN 'rule'
            WHEN tagged_model IS NOT NULL THEN 'tag'
            WHEN text_model <> '' THEN 'usage type'
            WHEN service_model <> '' THEN 'service'
            WHEN rule_bucket <> '' THEN 'rule'
            WHEN is_ai OR is_ai_account OR is_linked OR tagged_component IS NOT NULL THEN 'ai'
            ELSE 'none'
        END AS way
    FROM found
)
SELECT
    * EXCLUDE (
        rule_component, rule_bucket, is_following, is_ai, tag_component, tagged_component, tagged_model,
        tagged_version, text_model, text_version, service_model, is_linked, is_ai_account, way
    ),
    CASE way
        WHEN 'rule' THEN rule_bucket
        WHEN 'tag' THEN CASE WHEN tagged_version = '' THEN 'model' ELSE 'model_version' END
        WHEN 'usage type' THEN CASE WHEN text_version = '' THEN 'model' ELSE 'model_version' END
        WHEN 'service' THEN 'model'
        WHEN 'ai' THEN 'unattributed'
        ELSE 'not_ai'
    END AS bucket,
    CASE way WHEN 'tag' THEN tagged_model WHEN 'usage type' THEN text_model WHEN 'service' THEN service_model ELSE '' END
        AS model,
    CASE way WHEN 'tag' THEN tagged_version WHEN 'usage type' THEN text_version ELSE '' END AS model_version,
    CASE
        WHEN way NOT IN ('tag', 'usage type', 'service') THEN ''
        ELSE coalesce(tagged_component, rule_component)
    END AS component,
    'direct' AS method,
    CASE way
        WHEN 'ai' THEN CASE
            WHEN is_linked THEN 'resource without a deployment at the time'
            WHEN is_ai THEN 'AI service or accelerator'
            WHEN is_ai_account THEN 'AI account'
            ELSE 'component tag'
        END
        WHEN 'none' THEN ''
        ELSE way
    END AS evidence
FROM ways
