"""From a prepared frame to counts, fractions and a decision."""
