-- The texts of a bill's labels and tags, each once, with what is read of them: a line has one of few.
-- grain:  text
-- params: none
WITH texts AS (
    SELECT labels AS text FROM bill_lines
    UNION
    SELECT system_labels AS text FROM bill_lines
    UNION
    SELECT resource_tags AS text FROM bill_lines
    UNION
    SELECT project_labels AS text FROM bill_lines
),

lists AS (
    SELECT text, gcp_list(text) AS list_text
    FROM texts
    WHERE text <> '[]'
),

keyed AS (
    SELECT
        text,
        list_filter(
            from_json(list_text, '[{"key":"VARCHAR","value":"VARCHAR"}]'),
            lambda label: label.key IS NOT NULL
        ) AS labels
    FROM lists
    WHERE list_text IS NOT NULL
),

named AS (
    SELECT text, labels, list_transform(labels, lambda label: label.key) AS keys
    FROM keyed
)

SELECT
    text,
    -- Of a key that repeats the first value is kept.
    list_filter(labels, lambda label, place: list_position(keys, label.key) = place) AS kept,
    list_filter(labels, lambda label: label.key = 'goog-originating-sku-id')[1].value
        AS originating_sku,
    list_filter(labels, lambda label: label.key = 'compute.googleapis.com/machine_spec')[1].value
        AS machine,
    list_filter(labels, lambda label: label.key = 'compute.googleapis.com/reservation_name')[1].value
        AS reservation,
    list_filter(
        labels, lambda label: label.key = 'compute.googleapis.com/is_unused_reservation'
    )[1].value = 'true' AS is_unused_reservation,
    gcp_members(kept, '') AS label_members,
    gcp_members(kept, 'tag/') AS tag_members,
    gcp_members(kept, 'project/') AS project_members
FROM named
