"""The eye: its shape and tissues, the conditions it may have, and what a cohort asks of it."""
