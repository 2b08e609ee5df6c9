"""The version of the package; one place, because asking the installed metadata costs 20 ms at every start."""

__version__ = "0.1.0"
