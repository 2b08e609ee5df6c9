"""The network that looks at a whole frame: which tissues it shows, and what kind of picture it is."""
