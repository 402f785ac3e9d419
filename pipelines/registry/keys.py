"""The one rule by which two systems agree on a resource's id, whoever provides it.

The same rule is in `sql/attribution/resource_keys.sql` for bills and logs; a test holds both
together over generated ids.
"""

import re
from typing import Final

ACCOUNT_PREFIXES: Final = (
    r"^arn:(?:[^:]*:){4}",  # AWS: partition, service, region, account
    r"^acs:(?:[^:]*:){3}",  # Alibaba Cloud: service, region, account
    r"^/?subscriptions/[^/]*/(?:resourcegroups/)?",  # Azure
    r"^//[^/]*/",  # Google Cloud: the service's host
    r"^(?:s3|gs|oss)://",
)
_ACCOUNTS = re.compile("|".join(ACCOUNT_PREFIXES))
_PROJECT = re.compile(r"^projects/[^/]*/(?=[^/])")
_PROVIDERS = re.compile(r"(^|/)providers/")


def resource_key(resource_id: str) -> str:
    """The part of a resource id that two systems agree on: lower case, without the account.

    `arn:aws:sagemaker:us-east-1:123456789012:endpoint/Search-Rank` -> `endpoint/search-rank`;
    `arn:aws:s3:::weights` and `gs://weights/` -> `weights`; `i-0abc` stays `i-0abc`;
    `/subscriptions/…/resourceGroups/ML/providers/Microsoft.Compute/virtualMachines/GPU-1` ->
    `ml/microsoft.compute/virtualmachines/gpu-1`;
    `//aiplatform.googleapis.com/projects/shop/locations/us-central1/endpoints/42` ->
    `locations/us-central1/endpoints/42`.
    """
    key = _ACCOUNTS.sub("", resource_id.strip(" ").lower(), count=1)
    key = _PROJECT.sub("", key, count=1)
    return _PROVIDERS.sub(r"\1", key, count=1).strip("/")
