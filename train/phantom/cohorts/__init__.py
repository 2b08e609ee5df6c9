"""Who is in a cohort, and how it is written as a dataset."""
