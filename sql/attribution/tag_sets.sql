-- What each distinct set of tags says about model, version and component; the first key present wins.
-- Tags that are not JSON say nothing: the bill's reader has counted them.
-- grain:  tags
-- params: $model_paths, $version_paths, $component_paths text[] (JSON paths, in order of preference)
WITH tag_sets AS (
    SELECT DISTINCT Tags AS tags FROM charges WHERE json_valid(Tags) AND Tags <> '{}'
    UNION
    SELECT DISTINCT Tags AS tags FROM split_shares WHERE json_valid(Tags) AND Tags <> '{}'
)
SELECT
    tags,
    coalesce(list_filter(json_extract_string(tags, $model_paths), lambda t: t <> '')[1], '') AS tag_model,
    coalesce(list_filter(json_extract_string(tags, $version_paths), lambda t: t <> '')[1], '') AS tag_version,
    lower(coalesce(list_filter(json_extract_string(tags, $component_paths), lambda t: t <> '')[1], '')) AS tag_component
FROM tag_sets
