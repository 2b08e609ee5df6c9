"""Scans received from a device by C-STORE, judged, and their results sent to an archive by C-STORE or STOW-RS.

Everything that was acknowledged is in one folder, the queue, and what became of it in one database in it: a process
that is killed at any moment is continued by the next. `receiver` knows the order of the steps.
"""
