"""The record of what was computed, which nobody can change unseen."""
