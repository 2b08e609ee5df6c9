"""Datasets: the layout, its frames, splits and masks."""
