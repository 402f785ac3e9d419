-- The tags each distinct set of CUR 2.0's maps stands for, as JSON text; none for lines without maps.
-- grain:  all_tags, resource_tags, categories
-- params: none
SELECT
    all_tags,
    resource_tags,
    categories,
    cur_tags(nullif(all_tags, ''), nullif(resource_tags, ''), nullif(categories, '')) AS tags
FROM (
    SELECT DISTINCT
        coalesce(tag_map, '') AS all_tags,
        coalesce(resource_tag_map, '') AS resource_tags,
        coalesce(cost_category_map, '') AS categories
    FROM month_lines
    WHERE coalesce(tag_map, resource_tag_map, cost_category_map) IS NOT NULL
)
