-- The sizes that the catalogue states of billed resources: by their own entry before a pattern's.
-- grain:  link_key
-- params: none
WITH stated AS (
    SELECT k.link_key, length(s.link_key) AS likeness, s.milli_gpus, s.milli_vcpus, s.memory_mib
    FROM (SELECT DISTINCT link_key FROM linked_charges) AS k
    INNER JOIN (
        SELECT * FROM resource_accelerators WHERE contains(link_key, '*') OR contains(link_key, '?')
    ) AS s
        ON regexp_full_match(
            k.link_key, replace(replace(regexp_escape(s.link_key), '\*', '.*'), '\?', '.')
        )
    UNION ALL
    SELECT link_key, 1000000, milli_gpus, milli_vcpus, memory_mib FROM resource_accelerators
)
SELECT
    link_key,
    arg_max(milli_gpus, likeness) AS milli_gpus,
    arg_max(milli_vcpus, likeness) AS milli_vcpus,
    arg_max(memory_mib, likeness) AS memory_mib
FROM stated
GROUP BY link_key
