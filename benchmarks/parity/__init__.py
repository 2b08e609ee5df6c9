"""Agreement: the same numbers from other backends, other processors and other checkouts."""
