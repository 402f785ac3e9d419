"""Billed units beside logged ones, before a wrong log distorts a split."""
