"""A loopback service: scans come in over HTTP, result documents go out, and nothing is kept that was not asked for."""
