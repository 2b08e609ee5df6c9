"""How one scan is taken: beams, light, artefacts, detector, display, and the truth of every pixel."""
