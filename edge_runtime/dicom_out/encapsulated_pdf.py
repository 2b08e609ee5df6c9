"""The page of a result as an Encapsulated PDF, which any archive shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .filing import reference_to

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from .filing import FiledEye

SERIES_NUMBER = 7802
_FILE_START = b"%PDF-"


def encapsulated_pdf(filed: FiledEye, page: bytes, variant: str = "") -> Dataset:
    """A PDF of the result, filed beside the scans.

    Parameters
    ----------
    filed
        The result.
    page
        The PDF; nobody's name may stand on it, for it is declared to be free of them.
    variant
        What tells this page from another of the same result, such as its language. Its bytes do not: a second run
        prints another time into them.

    Raises
    ------
    ValueError
        When the bytes are no PDF.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

    if not page.startswith(_FILE_START):
        raise ValueError("these bytes are no PDF")
    result = Dataset()
    result.file_meta = FileMetaDataset()
    result.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    result.SOPClassUID = EncapsulatedPDFStorage
    result.SOPInstanceUID = filed.uid("pdf", variant)
    result.SeriesInstanceUID = filed.uid("pdf", "series", variant)
    result.SeriesNumber = SERIES_NUMBER
    result.InstanceNumber = 1
    result.Modality = "DOC"
    result.ConversionType = "WSD"
    result.AcquisitionDateTime = None
    result.BurnedInAnnotation = "NO"
    result.SourceInstanceSequence = [reference_to(source) for source in filed.sources]
    result.DocumentTitle = filed.title
    result.ConceptNameCodeSequence = []
    result.VerificationFlag = "UNVERIFIED"
    result.MIMETypeOfEncapsulatedDocument = "application/pdf"
    result.EncapsulatedDocumentLength = len(page)
    result.EncapsulatedDocument = page + b"\x00" * (len(page) % 2)
    filed.stamp(result)
    return result
