"""What damaged input does: no crash, no hang, no number that nobody can explain."""
