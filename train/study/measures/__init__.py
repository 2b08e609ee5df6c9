"""The measures of the lens against the truth of simulated eyes, and the coefficients that are fitted to them."""
