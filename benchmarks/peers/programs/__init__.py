"""One module per peer, run by the Python of its own environment: a scan in, a label map out."""
