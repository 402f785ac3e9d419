"""What texts of Google's export mean: records and lists as JSON or Python text, types of credits.

Belongs here: the SQL macros of the format "gcp". Its decisions are in `pipelines.billing.gcp`.
"""

from typing import Final

_STRING = r"'(?:[^'\\]|\\.)*'"
_TOKENS = (
    _STRING.replace("'", "''") + r'|"(?:[^"\\]|\\.)*"|[A-Za-z_.]+\(|[A-Za-z]+|[-+.0-9eE]+|\s+|.'
)
MACROS: Final = {
    # One token of Python's text of a value as JSON: 'Bob' and Decimal('1.5') are strings.
    "gcp_json_token(t)": (
        "CASE WHEN starts_with(t, '''') THEN "
        "'\"' || replace(regexp_replace(replace(t[2:-2], '\\''', ''''), "
        "'\\\\x([0-9a-fA-F]{2})', '\\\\u00\\1', 'g'), '\"', '\\\"') || '\"' "
        "WHEN t = 'None' THEN 'null' WHEN t = 'True' THEN 'true' WHEN t = 'False' THEN 'false' "
        "WHEN ends_with(t, '(') OR t = ')' THEN '' ELSE t END"
    ),
    # JSON, or Python's text of a list or dict, as JSON; NULL for what is neither. Without double
    # quotes and backslashes every single quote of Python's text bounds a string, which is quick.
    "gcp_json(t)": (
        "CASE WHEN json_valid(t) THEN t "
        "WHEN NOT regexp_matches(t, '[\"\\\\]') THEN gcp_valid_json(gcp_plain_json(t)) "
        "ELSE gcp_valid_json(array_to_string(list_transform("
        f"regexp_extract_all(t, '{_TOKENS}'), lambda token: gcp_json_token(token)), '')) END"
    ),
    "gcp_plain_json(t)": (
        "regexp_replace(replace(replace(replace(replace(t, '''', '\"'), ': None', ': null'), "
        "': True', ': true'), ': False', ': false'), '[A-Za-z_.]+\\((\"[^\"]*\")\\)', '\\1', 'g')"
    ),
    "gcp_valid_json(t)": "CASE WHEN json_valid(t) THEN t END",
    # Numbers of an amount as texts, which JSON keeps to the last digit. A key cannot be met inside
    # of a string: there its quotes are escaped.
    "gcp_exact(t)": (
        r"""regexp_replace(t, '("amount(?:_in_pricing_units)?"\s*:\s*)([-+]?[0-9][-+.0-9eE]*)', """
        r"""'\1"\2"', 'g')"""
    ),
    # A field of a record, or the text itself where the export is flat.
    "gcp_field(t, key)": (
        "CASE WHEN starts_with(t, '{') "
        "THEN nullif(json_extract_string(gcp_json(t), '$.' || key), '') ELSE t END"
    ),
    "gcp_record(t)": "CASE WHEN starts_with(t, '{') THEN gcp_json(t) END",
    # A repeated field as a JSON list, NULL if it is none. A list may be wrapped as BigQuery writes
    # it to Parquet: {"list": [{"element": ...}]}.
    "gcp_list(t)": (
        "CASE WHEN starts_with(t, '[') THEN gcp_exact(gcp_json(t)) "
        "WHEN starts_with(t, '{') THEN nullif(to_json(json_extract("
        "gcp_exact(gcp_json(t)), '$.list[*].element'))::VARCHAR, '[]') END"
    ),
    # Members of a JSON object, each with a comma before it.
    "gcp_members(labels, prefix)": (
        "array_to_string(list_transform(labels, lambda label: ',' "
        "|| to_json(prefix || label.key)::VARCHAR || ':' "
        "|| to_json(coalesce(label.value, ''))::VARCHAR), '')"
    ),
    "gcp_month(t)": (
        r"CASE WHEN regexp_full_match(t, '\d{4}-?(0[1-9]|1[0-2])') "
        "THEN left(t, 4) || '-' || right(t, 2) END"
    ),
    # What a credit is for, told by its type, or by its name where it has none.
    "gcp_credit_type(kind, name)": (
        "coalesce(kind, CASE WHEN name ILIKE 'Committed Usage Discount%' "
        "THEN 'COMMITTED_USAGE_DISCOUNT' WHEN name ILIKE 'Sustained Usage Discount%' "
        "THEN 'SUSTAINED_USAGE_DISCOUNT' END)"
    ),
    "gcp_credit_use(kind)": (
        "CASE WHEN kind = 'COMMITTED_USAGE_DISCOUNT' THEN 'resource' "
        "WHEN kind IN ('COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE', 'SUBSCRIPTION_BENEFIT') "
        "THEN 'spend' "
        "WHEN kind = 'FEE_UTILIZATION_OFFSET' THEN 'offset' "
        "WHEN kind IN ('SUSTAINED_USAGE_DISCOUNT', 'RESELLER_MARGIN', 'DISCOUNT', "
        "'SPENDING_BASED_DISCOUNT', 'FREE_TIER') THEN 'discount' ELSE 'payment' END"
    ),
    # Whether a line is the fee of a commitment, in either model.
    "gcp_is_fee(description, credits)": (
        "coalesce(description ILIKE 'Commitment %' "
        "OR description ILIKE '%Committed Use Discount%', false) "
        "OR coalesce(contains(credits, 'FEE_UTILIZATION_OFFSET'), false)"
    ),
    "gcp_region(region, zone)": "coalesce(region, regexp_replace(zone, '-[a-z]$', ''))",
    # A machine's series and kind as both a fee and the usage it covers name them.
    "gcp_machine(t)": (
        "coalesce(nullif(regexp_extract(t, '\\b([A-Z][0-9]{1,3}[A-Z]?)\\b', 1), ''), 'N1') "
        "|| ' ' || CASE WHEN t ILIKE '%gpu%' THEN 'gpu' WHEN t ILIKE '%ssd%' THEN 'ssd' "
        "WHEN regexp_matches(t, '(?i)\\b(ram|memory)\\b') THEN 'ram' "
        "WHEN regexp_matches(t, '(?i)\\b(cpu|core)\\b') THEN 'cpu' ELSE '' END"
    ),
    "gcp_units(money)": "replace(abs(money)::VARCHAR, '.', '')::HUGEINT * sign(money)::HUGEINT",
}
