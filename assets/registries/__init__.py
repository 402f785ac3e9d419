"""Asks the registries and keeps their answers as snapshots; a collector per kind of registry."""
