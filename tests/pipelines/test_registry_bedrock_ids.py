"""A model on Bedrock is found under its longer names too."""

import pytest

from pipelines.registry.bedrock_ids import plain_ids
from pipelines.registry.catalogue import Catalogue, Model, Version
from pipelines.registry.names import Names

CLAUDE = "anthropic.claude-sonnet-4-v1:0"
ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    "name",
    [
        CLAUDE,
        *(f"{route}.{CLAUDE}" for route in ("us", "eu", "apac", "global", "us-gov", "jp", "US")),
        f"{ARN}::foundation-model/{CLAUDE}",
        f"{ARN}:123456789012:inference-profile/us.{CLAUDE}",
        f"arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.{CLAUDE}",
    ],
)
def test_every_way_to_a_model_is_the_model(name):
    version = Version(version="4", aliases=[CLAUDE])
    names = Names(Catalogue(models=[Model(name="chat", versions=[version])]))
    found = names.resolve(name, "")
    assert (found.model, found.version, found.is_known) == ("chat", "4", True)


def test_a_name_the_catalogue_has_wins_over_the_plain_id():
    versions = [
        Version(version="us", aliases=[f"us.{CLAUDE}"]),
        Version(version="plain", aliases=[CLAUDE]),
    ]
    names = Names(Catalogue(models=[Model(name="chat", versions=versions)]))
    assert names.resolve(f"us.{CLAUDE}", "").version == "us"
    assert names.resolve(f"eu.{CLAUDE}", "").version == "plain"


@pytest.mark.parametrize(
    "name",
    [
        "xai.grok-4.3",  # a maker, not a part of the world
        "us.anthropic",
        f"{ARN}:123456789012:application-inference-profile/x1y2",
        f"{ARN}:123456789012:imported-model/us.a.b",
        "rank",
    ],
)
def test_other_names_have_no_plain_id(name):
    assert plain_ids(name) == []
