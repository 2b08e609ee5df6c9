"""Measurements: each script prints a table, and writes its numbers with machine, versions, commit and model."""
