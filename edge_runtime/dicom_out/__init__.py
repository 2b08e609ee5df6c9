"""Results as DICOM objects that are filed beside their scans: Structured Report, Segmentation, Encapsulated PDF."""
