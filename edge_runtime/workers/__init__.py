"""Processes that decode and measure, and the watch over them: each may die, hang or run out of memory alone."""
