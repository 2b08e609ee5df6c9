"""The verbs of the command line, one file each. Each turns parsed options into typed ones at once."""
