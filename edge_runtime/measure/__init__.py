"""From label maps to counts, fractions and a decision."""
