"""From results to documents, text and pictures."""
