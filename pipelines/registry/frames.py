"""The catalogue, with what registries told, as the lake's registry tables."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines.contracts import DEPLOYMENTS, MODEL_VERSIONS, PLANS, RUNS, Contract, require
from pipelines.money import EXACT, as_decimal, quantise
from pipelines.registry.catalogue import Catalogue, PlanLine
from pipelines.registry.keys import resource_key
from pipelines.registry.links import predecessors_of, run_component, run_version

Rows = list[dict[str, Any]]


def registry_tables(catalogue: Catalogue, month: str) -> dict[str, pl.DataFrame]:
    """Model versions, deployments, runs and the plans of one month, as the catalogue has them.

    Instants are UTC. Plans are those whose months include `month`: one row per term of the formula.
    """
    return {
        contract.name: _frame(contract, month, rows)
        for contract, rows in (
            (MODEL_VERSIONS, _versions(catalogue)),
            (DEPLOYMENTS, _deployments(catalogue)),
            (RUNS, _runs(catalogue)),
            (PLANS, _plans(catalogue, month)),
        )
    }


def _frame(contract: Contract, month: str, rows: Rows) -> pl.DataFrame:
    filled = [{"billing_month": month, **row} for row in rows]
    columns = {
        name: pl.Series(name, [row.get(name) for row in filled], dtype=kind, strict=True)
        for name, kind in contract.polars_schema.items()
    }
    return require(pl.DataFrame(columns).sort(contract.key), contract)


def _versions(catalogue: Catalogue) -> Rows:
    return [
        {
            "model": model.name,
            "model_version": version.version,
            "released_at": version.released,
            "predecessor": version.predecessor or None,
            "retired_at": version.retired,
            "registry": version.registry or None,
            "parameters": version.parameters,
            "base_model": version.base_model,
            "artefact_uri": version.artefact,
        }
        for model in catalogue.models
        for version in model.versions
    ]


def _deployments(catalogue: Catalogue) -> Rows:
    return [
        {
            "deployment_id": deployment.id
            or _deployment_id(deployment.model, deployment.version, resource, deployment.from_),
            "provider": deployment.provider,
            "resource_key": resource_key(resource),
            "model": deployment.model,
            "model_version": deployment.version,
            "live_from": deployment.from_,
            "live_until": deployment.until,
            "replicas": deployment.replicas,
            "replaces": deployment.replaces,
            "use_case": deployment.use_case,
            "registry": deployment.registry or None,
        }
        for deployment in catalogue.deployments
        for resource in deployment.resources
    ]


def _deployment_id(model: str, version: str, resource: str, start: datetime) -> str:
    return f"{model}/{version}@{resource_key(resource)}/{start:%Y%m%dT%H%M%S}"


def _runs(catalogue: Catalogue) -> Rows:
    predecessors = predecessors_of(catalogue)
    return [
        {
            "run_id": run.id,
            "provider": run.provider,
            "resource_key": key,
            "model": run.model,
            "model_version": run_version(run),
            "component": run_component(run, predecessors),
            "started_at": run.from_,
            "ended_at": run.until,
            "status": run.status,
            "registry": run.registry or None,
            "instance_type": run.instance_type or None,
            "instances": run.instances,
            "billable_seconds": run.billable_seconds,
        }
        for run in catalogue.runs
        for key in [resource_key(resource) for resource in run.resources] or [""]
    ]


def _plans(catalogue: Catalogue, month: str) -> Rows:
    lines = [
        {
            "plan": plan.plan,
            "as_of": plan.as_of,
            "model": plan.model,
            "model_version": plan.version,
            "component": line.component,
            "element": line.element,
            "usage_type": line.usage_type,
            "charge_month": month,
            "currency": plan.currency,
            "unit": line.unit,
            "price": _price(line),
            "quantity": _quantity(line),
            "list_price": _kept(line.list_price),
            "discount": _kept(line.discount),
            "activity": line.activity or None,
            "activity_quantity": _kept(line.volume),
            "units_per_activity": _kept(line.per_activity),
            "utilisation": _kept(line.utilisation),
            "fx_rates": json.dumps({name: str(rate) for name, rate in plan.fx_rates.items()}),
        }
        for plan in catalogue.plans
        if plan.first_month <= month <= plan.last_month
        for line in plan.lines
    ]
    amounts = [
        {
            "plan": planned.plan,
            "as_of": planned.as_of,
            "model": "",
            "model_version": "",
            "component": "",
            "element": planned.line,
            "usage_type": "",
            "charge_month": month,
            "currency": planned.currency,
            "unit": "",
            "price": _kept(planned.amount),
            "quantity": Decimal(1),
        }
        for planned in catalogue.plan_amounts
        if planned.first_month <= month <= planned.last_month
    ]
    return lines + amounts


def _kept(value: Decimal | None) -> Decimal | None:
    return None if value is None else quantise(value)


def _price(line: PlanLine) -> Decimal | None:
    if line.list_price is None:
        return _kept(line.price)
    return quantise(EXACT.multiply(line.list_price, 1 - (line.discount or Decimal(0))))


def _quantity(line: PlanLine) -> Decimal | None:
    return None if line.quantity is None and line.volume is None else as_decimal(line.units)
