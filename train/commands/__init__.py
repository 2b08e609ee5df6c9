"""The verbs of `python -m train`, one file each. Parsed options never leave this room."""
