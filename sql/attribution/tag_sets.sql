-- What each distinct set of tags says about model, version and component; the first key present wins.
-- Tags a provider gave to a part of a split charge come before those of the whole: another model's
-- version, which the whole's tags may name, is then not taken.
-- Tags that are not JSON say nothing: the bill's reader has counted them.
-- grain:  tags, allocated_tags
-- params: $model_paths, $version_paths, $component_paths text[] (JSON paths, in order of preference)
WITH texts AS (
    SELECT DISTINCT coalesce(Tags, '') AS tags, coalesce(AllocatedTags, '') AS allocated_tags
    FROM charges
    WHERE coalesce(nullif(Tags, '{}'), nullif(AllocatedTags, '{}')) IS NOT NULL
    UNION
    SELECT DISTINCT Tags, '' FROM split_shares WHERE Tags <> '{}'
),
tag_sets AS (
    SELECT
        tags,
        allocated_tags,
        CASE WHEN json_valid(tags) THEN tags ELSE '{}' END AS whole,
        CASE WHEN json_valid(allocated_tags) THEN allocated_tags ELSE '{}' END AS part
    FROM texts
),
words AS (
    SELECT
        tags,
        allocated_tags,
        coalesce(list_filter(json_extract_string(whole, $model_paths), lambda t: t <> '')[1], '') AS model,
        coalesce(list_filter(json_extract_string(whole, $version_paths), lambda t: t <> '')[1], '') AS version,
        coalesce(list_filter(json_extract_string(whole, $component_paths), lambda t: t <> '')[1], '') AS component,
        coalesce(list_filter(json_extract_string(part, $model_paths), lambda t: t <> '')[1], '') AS part_model,
        coalesce(list_filter(json_extract_string(part, $version_paths), lambda t: t <> '')[1], '') AS part_version,
        coalesce(list_filter(json_extract_string(part, $component_paths), lambda t: t <> '')[1], '') AS part_component
    FROM tag_sets
    WHERE whole <> '{}' OR part <> '{}'
)
SELECT
    tags,
    allocated_tags,
    CASE WHEN part_model = '' THEN model ELSE part_model END AS tag_model,
    CASE
        WHEN part_version <> '' THEN part_version
        WHEN part_model <> '' AND model <> '' AND lower(part_model) <> lower(model) THEN ''
        ELSE version
    END AS tag_version,
    lower(CASE WHEN part_component = '' THEN component ELSE part_component END) AS tag_component
FROM words
