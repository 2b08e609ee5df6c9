"""Space: resident memory under a cap and over many scans, and bytes on disk."""
