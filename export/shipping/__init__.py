"""What a kiosk installs: a frozen program as a Debian package, with its units, manual, completions and parts list."""
