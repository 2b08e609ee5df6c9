"""Measurements of the source itself: how far the data travels, and how large its files and functions are."""
