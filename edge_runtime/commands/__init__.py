"""The verbs of the command line, one file each. Parsed options never leave this room."""
