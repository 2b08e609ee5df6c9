"""The paper's study of a model on a dataset: numbers, significance tests, figures and one report."""
