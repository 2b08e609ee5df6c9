"""Training side of edge-cataract: phantom, network, fit, study. Runs from a checkout and never enters the wheel."""
