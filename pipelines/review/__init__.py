"""How a person sees a month: its review, and the walk from a figure down to its bill lines.

A review is a list of `Sheet`s (rows of exact values, not text): a terminal rounds them for display,
JSON and CSV print them whole. Nothing here computes spend: every amount is a sum of published rows,
no sum crosses currencies, and each spend sheet ends in the total the export was reconciled to.
"""
