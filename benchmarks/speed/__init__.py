"""Time: of the network, of a whole scan, of a cold start, and of a phantom scan, each against what it competes with."""
