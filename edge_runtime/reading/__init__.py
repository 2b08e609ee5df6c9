"""From files to scans, or to a refusal that says why."""
