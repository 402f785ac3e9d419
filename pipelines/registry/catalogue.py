"""The catalogue file (`catalogue.toml`): models, versions, owners, runs, deployments, plans.

A readable file kept in version control. Instants carry a zone (`2026-09-01T00:00:00Z`), plain dates
are their first instant in UTC, `until` is exclusive, an absent `until` means still so. Parsing
checks everything that can be checked without a bill; `frames.py` turns it into tables.

Resource ids are compared by their key (`resource_key`): an ARN and its last part name the same
resource, endpoint names ignore case, the account, project or subscription plays no role.
"""

import itertools
import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from pipelines.errors import SettingsInvalid
from pipelines.months import MONTH
from pipelines.registry.keys import resource_key
from pipelines.settings import Instant, Section, TokenWeights, parse_toml, problems_of

FOREVER = datetime(9999, 1, 1)  # noqa: DTZ001 -- UTC-naive by convention
EVER = datetime(1970, 1, 1)  # noqa: DTZ001 -- UTC-naive by convention


ACTIVITY = re.compile(
    r"|(\d+[KMB]? )?(requests|tokens|input_tokens|cached_tokens|output_tokens|images|gpu_hours)"
)
"""An activity of a plan: what logs measure, with how many of it are one."""


BEYOND_MONEY = Decimal(10) ** 20
"""DECIMAL(38,18) has twenty digits before the point."""
Amount = Annotated[Decimal, Field(gt=-BEYOND_MONEY, lt=BEYOND_MONEY)]
NotNegative = Annotated[Decimal, Field(ge=0, lt=BEYOND_MONEY)]


class Dated(Section):
    """Holds from one instant (inclusive) until another (exclusive), UTC."""

    from_: Annotated[Instant, Field(alias="from")] = EVER
    until: Instant = FOREVER

    @model_validator(mode="after")
    def _runs_forward(self) -> "Dated":
        if self.until <= self.from_:
            message = f"runs backwards: from {self.from_} until {self.until}"
            raise ValueError(message)
        return self


class Owner(Dated):
    """Who pays from when until when."""

    owner: str
    cost_centre: str = ""


class Version(Section):
    """A released version of a model. For a managed API the provider's model id is the version."""

    version: str
    released: Instant | None = None
    retired: Instant | None = None
    predecessor: str | None = None
    """The version it succeeds: its runs are then update, not training. Empty: it succeeds none,
    whatever a registry may tell."""
    aliases: list[str] = []
    """Other names the version goes by in logs, bills and tags (served names, profile ids, ARNs)."""
    usage_types: list[str] = []
    """Text between region and token kind in a bill's usage type, e.g. `Claude4.6Sonnet`."""
    principals: list[str] = []
    """Who calls only this version: a role, user, service account or API key as the bill names it
    (`x_PrincipalId`, `x_CredentialId`), whole or with `*` and `?`."""
    workloads: list[str] = []
    """Pods that serve or train it, as `namespace/pod`, whole or with `*` and `?`."""
    parameters: Annotated[int, Field(ge=0)] | None = None
    """How many weights it has."""
    base_model: str | None = None
    """What it was made from: another model or version, whoever's."""
    artefact: str | None = None
    """Where its weights lie (a URI); `[[artefacts]]` says what storage is paid for."""
    token_weights: TokenWeights | None = None
    """Work of its tokens where it differs from the settings' (prefill is not decode)."""
    registry: str = ""
    """Which registry told of it; empty: this file."""


class Model(Section):
    """A model, its versions and its owners."""

    name: str
    aliases: list[str] = []
    usage_types: list[str] = []
    """As for a version, where the bill tells the model but not the version."""
    services: list[str] = []
    """Service codes whose every charge is this model's (a team with one managed API)."""
    principals: list[str] = []
    """Who calls only this model; as for a version."""
    owners: list[Owner] = []
    versions: list[Version] = []


class Resource(Section):
    """A billed resource (or commitment, by its ARN), where more is to be said of it than its id."""

    id: str
    names: list[str] = []
    """What logs call it where that is not its id: a node's host name."""
    gpus: Decimal | None = None
    """Accelerators of one billed unit (one instance); without it they are read off its type."""
    vcpus: Annotated[Decimal, Field(gt=0)] | None = None
    memory_gib: Annotated[Decimal, Field(gt=0)] | None = None
    """What one billed unit has of each, for a node that pods share: a pod pays for the largest of
    its shares of what is stated. Its `id` may then be a pattern with `*` and `?`."""
    model: str | None = None
    """The model it works for, where no deployment or run tells the version."""
    owners: list[Owner] = []
    """The endpoint's owner, who may bear its idle time."""


class Deployment(Dated):
    """A version on resources from one instant until another."""

    model: str
    version: str
    resources: list[str] = []
    principals: list[str] = []
    """Who calls this version in that time, for a managed API whose bill names no resource."""
    names: list[str] = []
    """What logs call it in that time: served names, `endpoint/variant`, deployment names; whole or
    with `*` and `?`."""
    replicas: Annotated[int, Field(ge=1)] = 1
    gpus: Annotated[Decimal, Field(gt=0)] | None = None
    """Accelerators of one replica (of one copy of an inference component), where versions on one
    endpoint differ in it."""
    replaces: str | None = None
    """The version it takes over from: while both are live, its unserved replicas are its update."""
    use_case: str = ""
    provider: str = ""
    """For the reader of the tables: matching goes by the resource, whoever provides it."""
    id: str | None = None
    registry: str = ""
    """Which registry told of it; empty: this file."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Deployment":
        if not self.resources and not self.principals and not self.names:
            message = (
                "names neither resources nor principals nor names: nothing of a bill can be its"
            )
            raise ValueError(message)
        return self


class Run(Dated):
    """A training, update or evaluation run on resources, or a batch of inference.

    `kind` auto: update if its version has a predecessor, else training. Failed, abandoned, sweep
    and evaluation runs are training of the model, version "(experiments)". A batch that scores
    stored data (`inference`) is its version's inference, and no hour of it waits for requests.
    """

    id: str
    model: str
    version: str | None = None
    kind: Literal["auto", "training", "update", "experiment", "inference"] = "auto"
    status: Literal["running", "completed", "failed", "stopped"] = "completed"
    resources: list[str] = []
    provider: str = ""
    instance_type: str = ""
    instances: Annotated[int, Field(ge=0)] | None = None
    billable_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds of one instance that are billed; all instances take as long."""
    registry: str = ""
    """Which registry told of it; empty: this file."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> "Run":
        if not self.resources and not self.registry:
            message = "names no resources: nothing of a bill can be its"
            raise ValueError(message)
        return self


class Commitment(Dated):
    """A reservation, savings plan, CUD or provisioned throughput, and who owns it meanwhile.

    Its fees and its unused part are the owner's, whichever accounts it covered.
    """

    id: str
    """As the bill has it (`CommitmentDiscountId`), its last part, or a pattern with `*`."""
    owner: str
    cost_centre: str = ""


class RunCoverage(Dated):
    """The run list is complete for these resources: an hour without a run is idle."""

    resources: list[str] = []


class Artefact(Section):
    """Where weights, checkpoints and data lie: a bucket, a prefix, a volume, a snapshot."""

    location: str
    model: str
    version: str | None = None
    size_gb: Decimal | None = None
    """Share of a bucket that several models use; without it such a bucket is shared pool."""
    registry: str = ""
    """Which registry told of it; empty: this file."""


class PlanLine(Section):
    """One term of a plan: price x quantity, for one full calendar month.

    The more of it a plan states, the finer the difference is explained: `list_price` and `discount`
    instead of `price`; `activity`, `volume`, `per_activity` and `utilisation` instead of
    `quantity`.
    """

    component: Literal["training", "inference", "storage", "update"]
    element: Literal["hardware", "bandwidth", "managed_api", "software", "labour", "energy"]
    unit: str
    """The bill's own unit, so that hours meet hours."""
    usage_type: str = ""
    """A pattern (`*g5.2xlarge*`) of the bill's usage types; empty: what no other line names."""
    price: NotNegative | None = None
    """In the plan's currency per `unit`."""
    list_price: NotNegative | None = None
    discount: Annotated[Decimal | None, Field(ge=0, le=1)] = None
    """Share of the list price that is not paid: negotiated and by commitments, together."""
    quantity: NotNegative | None = None
    activity: Annotated[str, Field(pattern=ACTIVITY.pattern)] = ""
    """What is done, with its size: `1M tokens`, `1K requests`, `images`."""
    volume: NotNegative | None = None
    """How many activities."""
    per_activity: NotNegative | None = None
    """Busy units of `unit` that one activity takes."""
    utilisation: Annotated[Decimal | None, Field(gt=0, le=1)] = None
    """Busy share of the units that are billed; 1 where nothing is said."""

    @property
    def units(self) -> Fraction:
        """Billed units of a full month: busy units over their share of what is billed."""
        if self.volume is None or self.per_activity is None:
            return Fraction(self.quantity or 0)
        busy = Fraction(self.volume) * Fraction(self.per_activity)
        return busy / Fraction(self.utilisation or 1)

    @model_validator(mode="after")
    def _says_a_thing_once(self) -> "PlanLine":
        if self.price is not None and self.list_price is not None:
            message = "give price, or list_price and discount"
            raise ValueError(message)
        if self.discount is not None and self.list_price is None:
            message = "discount needs list_price"
            raise ValueError(message)
        if self.quantity is not None and self.volume is not None:
            message = "give quantity, or activity, volume and per_activity"
            raise ValueError(message)
        drivers = (self.volume is not None, bool(self.activity), self.per_activity is not None)
        if any(drivers) and not all(drivers):
            message = "activity, volume and per_activity go together"
            raise ValueError(message)
        price = Fraction(self.list_price or self.price or 1)
        if max(self.units, self.units * price) >= BEYOND_MONEY:
            message = "price x quantity has more digits than money has"
            raise ValueError(message)
        if self.utilisation is not None and self.volume is None:
            message = "utilisation needs activity, volume and per_activity"
            raise ValueError(message)
        return self


class _Planned(Section):
    """What was foreseen for the months from first to last, as known at `as_of`."""

    plan: str
    as_of: Instant
    currency: str = "USD"
    first_month: Annotated[str, Field(pattern=MONTH.pattern)]
    last_month: Annotated[str, Field(pattern=MONTH.pattern)]


class Plan(_Planned):
    """What a version was planned to cost."""

    model: str
    version: str
    fx_rates: dict[str, Annotated[Decimal, Field(gt=0)]] = {}
    """Budget rates: what one unit of a bill's currency is in the plan's (`{ EUR = 1.08 }`)."""
    lines: Annotated[list[PlanLine], Field(min_length=1)]


class PlanAmount(_Planned):
    """What was planned that no version has: fees nothing used, credits, tax, support."""

    line: Literal["unused_commitment", "credit", "tax", "support"]
    amount: Amount
    """For one full calendar month; a credit is negative."""


class FormulaUse(_Planned):
    """A formula of the library applied to a version: what physics and list prices predict.

    `inputs` are its symbols; `chip` and `precision` stand for those of the accelerator.
    """

    plan: str = "physical"
    model: str
    version: str
    formula: str
    """`modelspend formula` lists them."""
    component: Literal["training", "inference", "storage", "update"] | None = None
    """None, here and for `element`: as the formula says."""
    element: (
        Literal["hardware", "bandwidth", "managed_api", "software", "labour", "energy"] | None
    ) = None
    unit: str
    """The bill's own unit; the result is converted into it."""
    usage_type: str = ""
    price: NotNegative | None = None
    """In `currency` per `unit`; None: as a price book lists the machine's hours, or the version's
    tokens of the provider."""
    machine: str = ""
    """The machine type (`p5.48xlarge`) that is billed: how many accelerators an hour of it holds,
    and which price of a book is meant."""
    provider: str = ""
    region: str = ""
    chip: str = ""
    precision: str = ""
    inputs: dict[str, str | int | Decimal] = {}
    """A symbol's value, a number in its unit or text with one (`"352.49 GB"`)."""


class Event(Section):
    """Something known that moves cost: drift is measured anew from it instead of alarming."""

    at: Instant
    kind: Literal["rate_card", "version", "precision", "hardware", "other"]
    model: str = ""
    """Empty: every model."""
    note: str = ""


class Catalogue(Section):
    """The whole file."""

    models: list[Model] = []
    resources: list[Resource] = []
    commitments: list[Commitment] = []
    deployments: list[Deployment] = []
    runs: list[Run] = []
    run_coverage: list[RunCoverage] = []
    artefacts: list[Artefact] = []
    plans: list[Plan] = []
    plan_amounts: list[PlanAmount] = []
    formulas: list[FormulaUse] = []
    events: list[Event] = []

    @model_validator(mode="after")
    def _is_consistent(self) -> "Catalogue":
        problems = [
            *_doubled(self),
            *_unknown_names(self),
            *_overlapping_deployments(self),
            *_overlapping_names(self),
            *_overlapping_plans(self),
            *_overlapping_owners(self),
            *_overlapping_commitments(self),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _doubled(catalogue: Catalogue) -> list[str]:
    problems = []
    names = [model.name for model in catalogue.models]
    problems += [
        f"model {n!r} is listed twice" for n in sorted({n for n in names if names.count(n) > 1})
    ]
    for model in catalogue.models:
        versions = [version.version for version in model.versions]
        problems += [
            f"version {model.name} {v!r} is listed twice"
            for v in sorted({v for v in versions if versions.count(v) > 1})
        ]
    seen: dict[str, str] = {}
    for model in catalogue.models:
        claims = [
            *(("name", name, model.name) for name in (model.name, *model.aliases)),
            *(("alias", name, model.name) for name in model.aliases),
            *(("usage type", text, model.name) for text in model.usage_types),
            *(("service", service, model.name) for service in model.services),
        ]
        for version in model.versions:
            whose = f"{model.name} {version.version}"
            claims += [("alias", name, whose) for name in version.aliases]
            claims += [("usage type", text, whose) for text in version.usage_types]
        for kind, text, whose in claims:
            problems += _claim(seen, f"{kind} {text.lower()!r}", whose)
    for run in catalogue.runs:
        keys = [resource_key(resource) for resource in run.resources]
        problems += [
            f"run {run.id!r} lists resource {k!r} twice"
            for k in sorted({k for k in keys if keys.count(k) > 1})
        ]
    runs = [run.id for run in catalogue.runs]
    problems += [
        f"run {r!r} is listed twice" for r in sorted({r for r in runs if runs.count(r) > 1})
    ]
    return problems


def _claim(seen: dict[str, str], what: str, whose: str) -> list[str]:
    if what in seen and seen[what] != whose:
        return [f"{what} is claimed by {seen[what]} and by {whose}"]
    seen[what] = whose
    return []


def _unknown_names(catalogue: Catalogue) -> list[str]:
    known = {(m.name, v.version) for m in catalogue.models for v in m.versions}
    models = {m.name for m in catalogue.models}
    problems = []
    for what, items in (
        ("deployment of", [(d.model, d.version) for d in catalogue.deployments]),
        ("run of", [(r.model, r.version) for r in catalogue.runs]),
        ("artefact of", [(a.model, a.version) for a in catalogue.artefacts]),
        ("resource of", [(r.model, None) for r in catalogue.resources if r.model]),
        ("plan for", [(p.model, p.version) for p in catalogue.plans]),
        ("formula for", [(f.model, f.version) for f in catalogue.formulas]),
        (
            "replaced version",
            [(d.model, d.replaces) for d in catalogue.deployments if d.replaces is not None],
        ),
        (
            "predecessor",
            [
                (m.name, v.predecessor)
                for m in catalogue.models
                for v in m.versions
                if v.predecessor
            ],
        ),
    ):
        for model, version in sorted(set(items), key=str):
            if model not in models:
                problems.append(f"{what} unknown model {model!r}")
            elif version is not None and (model, version) not in known:
                problems.append(f"{what} {model!r}: unknown version {version!r}")
    return problems


def _overlapping_deployments(catalogue: Catalogue) -> list[str]:
    spans: dict[tuple[str, str, str], list[Deployment]] = defaultdict(list)
    for deployment in catalogue.deployments:
        for resource in deployment.resources:
            spans[deployment.model, deployment.version, resource_key(resource)].append(deployment)
    problems = []
    for (model, version, resource), deployments in spans.items():
        ordered = sorted(deployments, key=lambda d: (d.from_, d.until))
        for first, second in itertools.pairwise(ordered):
            if second.from_ < first.until:
                problems.append(
                    f"{model} {version} is deployed twice at once on {resource}: "
                    f"{_span(first)}, and {_span(second)}"
                )
    return problems


def _overlapping_names(catalogue: Catalogue) -> list[str]:
    """A name of two models at once; of two versions of one it leaves the version open."""
    spans: dict[str, list[Deployment]] = defaultdict(list)
    for deployment in catalogue.deployments:
        for name in deployment.names:
            spans[name.lower()].append(deployment)
    problems = []
    for name, deployments in spans.items():
        for first, second in combinations(deployments, 2):
            is_at_once = first.from_ < second.until and second.from_ < first.until
            if is_at_once and second.model != first.model:
                problems.append(
                    f"name {name!r} means {first.model} {first.version} {_span(first)} and "
                    f"{second.model} {second.version} {_span(second)}"
                )
    return problems


def _span(dated: Dated) -> str:
    start = "always" if dated.from_ == EVER else f"from {dated.from_}"
    return start if dated.until == FOREVER else f"{start} until {dated.until}"


def _overlapping_plans(catalogue: Catalogue) -> list[str]:
    problems = [
        f"plan {plan.plan!r} of {what}: last_month is before first_month"
        for what, plan in (
            *((f"{p.model} {p.version}", p) for p in catalogue.plans),
            *((p.line, p) for p in catalogue.plan_amounts),
            *((f"{p.formula} of {p.model} {p.version}", p) for p in catalogue.formulas),
        )
        if plan.last_month < plan.first_month
    ]
    terms: dict[tuple[str, ...], list[Plan | PlanAmount]] = defaultdict(list)
    for plan in catalogue.plans:
        for line in plan.lines:
            what = (line.component, line.element, line.unit, line.usage_type)
            terms[plan.plan, plan.model, plan.version, *what].append(plan)
    for amount in catalogue.plan_amounts:
        terms[amount.plan, amount.line].append(amount)
    for term, plans in terms.items():
        ordered = sorted(plans, key=lambda p: p.first_month)
        problems += [
            f"plan line {' '.join(filter(None, term))} is given twice for {second.first_month}"
            for first, second in pairwise(ordered)
            if second.first_month <= first.last_month
        ]
    return problems


def _overlapping_owners(catalogue: Catalogue) -> list[str]:
    problems = []
    for what, owners in (
        *((f"model {m.name!r}", m.owners) for m in catalogue.models),
        *((f"resource {r.id!r}", r.owners) for r in catalogue.resources),
    ):
        ordered = sorted(owners, key=lambda o: o.from_)
        problems += [
            f"{what} has two owners at once from {second.from_}: {first.owner} and {second.owner}"
            for first, second in pairwise(ordered)
            if second.from_ < first.until
        ]
    named: dict[str, str] = {}
    for resource in catalogue.resources:
        for name in resource.names:
            problems += _claim(named, f"resource name {name.lower()!r}", repr(resource.id))
    keys = [resource_key(r.id) for r in catalogue.resources]
    problems += [
        f"resource {k!r} is listed twice" for k in sorted({k for k in keys if keys.count(k) > 1})
    ]
    return problems


def _overlapping_commitments(catalogue: Catalogue) -> list[str]:
    spans: dict[str, list[Commitment]] = defaultdict(list)
    for commitment in catalogue.commitments:
        spans[resource_key(commitment.id)].append(commitment)
    return [
        f"commitment {second.id!r} has two owners at once from {second.from_}: "
        f"{first.owner} and {second.owner}"
        for entries in spans.values()
        for first, second in pairwise(sorted(entries, key=lambda c: (c.from_, c.until)))
        if second.from_ < first.until
    ]


def parse_catalogue(text: str, file: str = "catalogue.toml") -> Catalogue:
    """The catalogue in the text of a TOML file.

    Raises:
        SettingsInvalid: names every mistake: wrong or unknown keys, names that do not exist,
            one version deployed twice at once on one resource.
    """
    try:
        return Catalogue.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise SettingsInvalid(file, problems_of(error)) from error
