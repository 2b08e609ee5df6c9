"""DICOM files to scans: frames, and the facts of their headers that are not of a person.

Only this folder imports pydicom (extra ``dicom``), and only when a DICOM file is read.
"""
