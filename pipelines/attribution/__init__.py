"""Whose charge it is: rules, links and measured use turn charges into the ledger, cent for cent."""

from pipelines.attribution.allocation import Allocation, AttributionInputs, allocate

__all__ = ["Allocation", "AttributionInputs", "allocate"]
