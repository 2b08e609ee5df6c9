"""Which scans belong to which eye of which exam. Names and tables are read here, never pixels."""
