"""What people do to a scan after the device wrote it: one tool a file of their kind."""
