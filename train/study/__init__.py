"""The paper's study on any dataset in the layout, and what it left open: numbers, tests, figures, one report."""
