"""Many exams, measured by several processes and recorded one by one, so that a stopped run is continued."""
