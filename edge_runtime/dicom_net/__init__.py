"""Scans received over the DICOM network, and results sent to an archive."""
