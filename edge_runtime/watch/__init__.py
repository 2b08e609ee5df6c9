"""A folder whose scans are judged as they come."""
