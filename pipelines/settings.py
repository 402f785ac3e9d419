"""`modelspend.toml`: where bills, logs, catalogue and lake are, and which policies apply.

Secrets are never in it: AWS's own chain (environment, profile, role) supplies them. Relative paths
are relative to the file. Every mistake is reported with the key it is in, all at once.
"""

import re
import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.errors import SettingsInvalid
from pipelines.months import MONTH


def _day_in_utc(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def _utc_naive(value: datetime) -> datetime:
    if value.tzinfo is None:
        message = "has no time zone: write 2026-09-01T00:00:00Z"
        raise ValueError(message)
    return value.astimezone(UTC).replace(tzinfo=None)


Instant = Annotated[datetime, BeforeValidator(_day_in_utc), AfterValidator(_utc_naive)]
"""An instant of a TOML file, kept as UTC without a zone; a plain date is its first instant."""


class Section(BaseModel):
    """A table of a TOML file: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Storage(Section):
    """How to reach an S3-compatible store. Without `endpoint_url`: AWS itself."""

    endpoint_url: str | None = None
    region: str | None = None
    path_style: bool = True


class LakeSettings(Section):
    """Where the lake is: a folder or `s3://bucket/prefix`."""

    path: str = "lake"
    storage: Storage = Storage()


BillFormatName = Literal["aws-cur", "focus", "gcp", "azure", "alibaba", "openai", "owned", "mapped"]


def _present_name(value: Any) -> Any:
    return "aws-cur" if value == "aws-cur-legacy" else value


class BillSource(Section):
    """One billing export. `path`: a file, or a folder or `s3://bucket/prefix` with its tree."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    format: Annotated[BillFormatName, BeforeValidator(_present_name)] = "aws-cur"
    path: str
    storage: Storage = Storage()
    unpaired_negations: Literal["stop", "keep"] = "stop"
    """A savings plan that does not net to zero stops the month, or is kept as a named row."""
    repeated_lines: Literal["stop", "keep"] = "stop"
    """Files of one month that have most lines in common stop the month, or are all charged."""
    amortized_path: str | None = None
    """Azure: the amortized export, where `path` is the actual cost export. In one store."""
    mapping: str | None = None
    """The mapping file of a bill in a format of its own (`format = "mapped"`)."""

    @model_validator(mode="after")
    def _has_what_its_format_needs(self) -> "BillSource":
        if (self.format == "mapped") != (self.mapping is not None):
            message = 'a mapping file and format = "mapped" go together'
            raise ValueError(message)
        if self.amortized_path is not None and self.format != "azure":
            message = 'amortized_path is for format = "azure"'
            raise ValueError(message)
        return self


class Coverage(Section):
    """The log is complete from `from` until `until` (exclusive): no line means no request."""

    from_: Annotated[Instant, Field(alias="from")]
    until: Instant
    resources: list[str] = []
    """Resource ids this holds for; empty: every resource of the catalogue."""

    @model_validator(mode="after")
    def _runs_forward(self) -> "Coverage":
        if self.until <= self.from_:
            message = f"runs backwards: from {self.from_} until {self.until}"
            raise ValueError(message)
        return self


Rank = Literal["provider", "gateway", "span", "bucket", "counter"]
"""Where several logs saw one call, the first of these counts it: nearer to what is billed."""

Overlap = Literal["auto", "none", "hours"]
"""Which calls a log has in common with others: those that ids tell, none, or all of an hour."""


class LogSource(Section):
    """One inference log. `path`: a file, a folder, a glob, or `s3://bucket/prefix`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    format: str = "modelspend"
    """One of `pipelines.inference.registered`, or `mapped`."""
    path: str
    storage: Storage = Storage()
    timezone: str | None = None
    """Zone of timestamps that carry none (an IANA name). Without it such lines are rejected."""
    covers: list[Coverage] = []
    mapping: str | None = None
    """The mapping of a log in a format of its own (`format = "mapped"`): a file, or the name of one
    that comes with modelspend."""
    defaults: dict[str, str] = {}
    """Fields of the record that the log leaves empty, and what they are."""
    rank: Rank | None = None
    """Where it counts among logs that saw the same calls; None: as its format does."""
    overlap: Overlap = "auto"
    """`none`: it saw calls that no other source saw. `hours`: it has no ids of a better log, but
    that log has all its calls: where it counted a model in an hour, this one does not."""

    @model_validator(mode="after")
    def _has_what_its_format_needs(self) -> "LogSource":
        if (self.format == "mapped") != (self.mapping is not None):
            message = 'a mapping and format = "mapped" go together'
            raise ValueError(message)
        return self


class RegistrySettings(Section):
    """Where the snapshots of the registries are kept: a folder or `s3://bucket/prefix`.

    They are inputs of every month and the only history of what registries forget: never delete.
    """

    path: str = "registry"
    storage: Storage = Storage()


class RegistrySource(Section):
    """One registry that `modelspend registry pull` asks.

    `uri`: for MLflow a tracking server (`https://...`) or the store itself (`sqlite:///...`,
    `postgresql://...`), for Hugging Face the folder or `s3://` prefix with the repositories.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    kind: Literal["mlflow", "sagemaker", "bedrock", "huggingface"]
    uri: str | None = None
    region: str | None = None
    """SageMaker and Bedrock: the region that is asked."""
    regions: list[str] = []
    """SageMaker and Bedrock: several regions; none: the one of AWS's own configuration."""
    profile: str | None = None
    """SageMaker and Bedrock: the AWS profile (of another account) whose credentials are used."""
    since: Instant | None = None
    """SageMaker: only jobs created since then; empty: all that it remembers."""
    storage: Storage = Storage()
    """How the store or the service is reached, where it is not AWS itself."""
    models: list[str] = []
    """Only these registered models or model package groups, whole or with `*`; empty: all."""
    repos: list[str] = []
    """Hugging Face: only these repositories, whole or with `*`; empty: all."""
    resource_tags: list[str] = []
    """Further tags of a run that name the job, instance or host it ran on."""
    artefacts: bool = True
    """Whether the buckets its versions lie in are the models' storage; `false` where they hold
    much else."""
    pull: bool = True
    """`false` for a registry that is gone: it is not asked any more, its snapshots still count."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "RegistrySource":
        if self.kind in {"mlflow", "huggingface"} and not self.uri:
            message = f'kind = "{self.kind}" needs `uri`'
            raise ValueError(message)
        if self.uri and re.match(r"[^/@]*://[^/@]*:[^/@]*@", self.uri):
            message = "`uri` holds a password: leave it out, the environment supplies it"
            raise ValueError(message)
        return self


class TagKeys(Section):
    """Which tag keys of the bill name the model, its version and the component."""

    model: list[str] = ["model", "model_name"]
    model_version: list[str] = ["model_version"]
    component: list[str] = ["phase", "component", "ml_phase"]


class TokenWeights(Section):
    """Relative work of one token where GPU time is not measured: prefill is not decode.

    Weights are whole thousandths when used, so 0.1 is the least that counts 100.
    """

    input: Decimal = Decimal(1)
    input_cache_read: Decimal = Decimal("0.1")
    output: Decimal = Decimal(4)


class AttributionSettings(Section):
    """The policies that may differ between companies; every row keeps which one made it."""

    idle_measure: Literal["capacity", "quiet_hours"] = "capacity"
    idle_bearer: Literal["kept", "endpoint_owner", "spread_by_use"] = "kept"
    shared_pool: Literal["kept", "spread_even", "spread_by_cost"] = "kept"
    overhead: Literal["kept", "spread_by_cost"] = "kept"
    commitment_pool: Literal["kept", "organisation"] = "kept"
    """Commitments' benefit stays where the provider applied it, or is shared at one rate by all
    usage they could have covered."""
    token_weights: TokenWeights = TokenWeights()
    calibrate_token_weights: bool = False
    """Take the weights of versions whose GPU time and tokens were both measured from these hours,
    where the catalogue states none."""
    ai_accounts: list[str] = []
    """Usage accounts whose every charge is AI, even without other evidence."""


class UsageSettings(Section):
    """How far what is billed and what is logged may lie apart before it is said."""

    tolerance: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.05")
    """A share of what is billed: 0.05 leaves a twentieth unsaid."""


class BusinessUnits(Section):
    """What the business counts (orders, revenue), so that spend can be told per order.

    A CSV with the columns date, unit, quantity and, if it tells more than the whole company, model,
    version, use_case and tenant. `path`: a file, a folder, a glob, or `s3://bucket/prefix`.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    path: str
    storage: Storage = Storage()


class PriceBook(Section):
    """What providers list for a token or a machine-hour: a file of a kind of `pipelines.prices`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    format: Literal[
        "modelspend",
        "litellm",
        "genai-prices",
        "machines",
        "aws-ec2",
        "aws-ec2-history",
        "azure-vm",
        "gcp-machines",
    ] = "modelspend"
    path: str
    storage: Storage = Storage()
    from_: Annotated[Instant | None, Field(alias="from")] = None
    """From when the prices of a book without dates hold. None: a token's always do, a machine's
    never: a price with no date predicts nothing."""
    region: str = ""
    """gcp-machines: the region its prices are of, which the file does not say."""

    @model_validator(mode="after")
    def _has_what_its_format_needs(self) -> "PriceBook":
        if (self.format == "gcp-machines") != bool(self.region):
            message = 'format = "gcp-machines" and a region go together: its file names none'
            raise ValueError(message)
        return self


class FxRates(Section):
    """Rates of exchange: a CSV with the columns from, to, rate, kind, month and source.

    `kind`: budget, month_average or invoice. `rate`: what one unit of `from` is in `to`.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    path: str
    storage: Storage = Storage()


class ComparisonSettings(Section):
    """How a difference is judged and shown."""

    method: Literal["standard", "shapley"] = "standard"
    """The accountants' order, or the average over all orders."""
    preset: str = "finops-2026-06"
    """Whose thresholds: see `pipelines.variance.thresholds`."""
    level: Literal["crawl", "walk", "run"] = "walk"
    fx_rate: Literal["month_average", "invoice"] = "month_average"
    """The actual rate of a bill in another currency than the plan's."""


class CalibrationSettings(Section):
    """Where calibrations are kept, a folder or `s3://bucket/prefix`, and when one is accepted.

    They are inputs of the months they predict: never delete them.
    """

    path: str = "calibration"
    storage: Storage = Storage()
    least_months: Annotated[int, Field(ge=3)] = 3
    """Closed months a backtest trains on before its first origin."""


class Settings(Section):
    """The whole file."""

    first_month: Annotated[str, Field(pattern=MONTH.pattern)] = "2025-01"
    lake: LakeSettings = LakeSettings()
    bills: Annotated[list[BillSource], Field(min_length=1)]
    logs: list[LogSource] = []
    catalogue: str = "catalogue.toml"
    registry: RegistrySettings = RegistrySettings()
    registries: list[RegistrySource] = []
    rules: str | None = None
    """A rules file placed before the defaults; None: the defaults alone."""
    price_books: list[PriceBook] = []
    """The first that has a model's price at the time counts."""
    cache: str = ".modelspend/cache"
    """Downloaded and checked files of object stores."""
    tags: TagKeys = TagKeys()
    attribution: AttributionSettings = AttributionSettings()
    usage: UsageSettings = UsageSettings()
    business_units: list[BusinessUnits] = []
    fx_rates: list[FxRates] = []
    """The first that has a rate counts."""
    comparison: ComparisonSettings = ComparisonSettings()
    calibration: CalibrationSettings = CalibrationSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Settings":
        for kind, names in (
            ("bills", [bill.name for bill in self.bills]),
            ("logs", [log.name for log in self.logs]),
            ("registries", [registry.name for registry in self.registries]),
            ("price_books", [book.name for book in self.price_books]),
            ("business_units", [units.name for units in self.business_units]),
            ("fx_rates", [rates.name for rates in self.fx_rates]),
        ):
            for name in {name for name in names if names.count(name) > 1}:
                message = f"two {kind} sources are named {name!r}: a source's name is its identity"
                raise ValueError(message)
        return self


def problems_of(error: ValidationError) -> list[str]:
    """Each mistake as `key.path: what is wrong (value)`."""
    found = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "(file)"
        message = problem["msg"].removeprefix("Value error, ")
        given = problem.get("input")
        shown = "" if isinstance(given, dict | list | BaseModel) else f" (given: {given!r})"
        found.append(f"{where}: {message}{shown}")
    return found


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """A TOML text with exact decimals.

    Raises:
        SettingsInvalid: the text is not TOML; names line and column.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(file, [f"not TOML: {error}"]) from error


def parse_settings(text: str, file: str = "modelspend.toml") -> Settings:
    """The settings in the text of `modelspend.toml`.

    Raises:
        SettingsInvalid: names every wrong or unknown key at once.
    """
    try:
        return Settings.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise SettingsInvalid(file, problems_of(error)) from error


def resolve(path: str, base: PurePath) -> str:
    """A path of the settings: URLs and absolute paths as they are, others under `base`."""
    if "://" in path or PurePath(path).is_absolute():
        return path
    return str(base / path)
