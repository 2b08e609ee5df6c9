"""Every stable word the program uses, with its one documentation line. `docs/codes.md` is generated from here."""

from __future__ import annotations

# Errors: word -> what it means. The exit code comes from the error's class.
REFUSALS: dict[str, str] = {
    "alpha-channel": "The picture has an alpha (transparency) channel.",
    "archive-refused": "An archive refused a result again and again (`receive`).",
    "archive-unreachable": "The archive that results go to cannot be reached, or does not talk to this program.",
    "bad-age": "The age (--age, or age_years= in Python) is no number of years from 0 to 120.",
    "bad-bits": "The declared bits (--bits, or bits= in Python) are no whole number from 8 to 16.",
    "bad-manifest": "The table of scans has no column path, a row without one, or a cell that cannot be meant.",
    "bad-pixel-pitch": "The pixel pitch (--pixel-um, or PixelPitch in Python) is no pair of numbers from 1 to 40.",
    "bad-pixel-spacing": "A DICOM file states a pixel spacing that no scan has.",
    "bad-profile": "The device profile breaks a rule of its fields.",
    "bad-subject": "The subject of a FHIR bundle is no reference to a patient, such as Patient/123.",
    "bilevel-image": "The picture has one bit per pixel.",
    "brighter-than-white": "A pixel is brighter than the white that the file, or --bits, declares.",
    "broken-library": "numpy, OpenCV or onnxruntime is missing, broken, or built for another system.",
    "cancelled": "The calling program stopped the analysis, by the event that it had passed as cancel=.",
    "cannot-listen": "The address at which a device would call cannot be listened on.",
    "colour-image": "The picture is in colour; grey stored as three equal channels is accepted.",
    "constant-image": "Every pixel has the same value: nothing was recorded.",
    "contradicting-eye": "A file, its name, its folder, the manifest or --eye say different eyes.",
    "damaged-bmp": "The BMP's structure makes no sense.",
    "damaged-dicom": "The DICOM file's structure makes no sense, or its pixels cannot be unpacked.",
    "damaged-document": "A value of the result document is missing, or none that this program writes.",
    "damaged-jpeg": "The JPEG's structure makes no sense, or it cannot be decoded.",
    "damaged-ledger": "A line of the record of finished work is not as it was written.",
    "damaged-model": "The model's bytes are not those that were exported.",
    "damaged-png": "A checksum inside the PNG does not match, or it cannot be decoded.",
    "damaged-tiff": "The TIFF's structure makes no sense, or it cannot be decoded.",
    "dicom-class": "The DICOM file is no Ophthalmic Tomography, Ophthalmic Photography or Secondary Capture.",
    "dicom-header": "The header of the DICOM file is larger than any that a device writes.",
    "dicom-not-installed": "What reads DICOM is not installed (the extra dicom).",
    "duplicate-key": "Two pieces of work were recorded under one key.",
    "duplicate-scan": "The same scan was given twice for one eye.",
    "empty-file": "The file has no content.",
    "empty-image": "The picture has no pixels.",
    "file-too-large": "The file is larger than 64 MiB (DICOM: 256 MiB).",
    "float-image": "The samples are floating-point or signed numbers.",
    "frame-count": "A DICOM file holds or describes another number of frames than it claims.",
    "grey-table": "A DICOM file asks for grey levels by a table or a curve.",
    "incomplete-dicom": "The DICOM file is no image, has other frames than it announces, or does not say whose it is: "
    "a result cannot be filed beside it.",
    "inference-failed": "The engine failed on this scan.",
    "internal": "A fault of this program; --debug shows where.",
    "inverted-grey": "The TIFF stores white as 0.",
    "labels-colour": "The corrected label map is in colour, or has a palette or an alpha channel.",
    "labels-damaged": "The corrected label map is damaged or cut.",
    "labels-empty": "The corrected label map holds no lens, or one too small to be measured.",
    "labels-format": "The corrected label map is no PNG, and no binary, uncompressed DICOM segmentation.",
    "labels-frames": "The DICOM segmentation has no frame of the scan, or does not say which one is.",
    "labels-other-picture": "The corrected label map is another picture of this program, such as an overlay.",
    "labels-other-scan": "The corrected label map says that it was made from another scan.",
    "labels-segments": "A segment of the DICOM segmentation is neither called lens nor cataract.",
    "labels-size": "The corrected label map has another size than its scan.",
    "labels-values": "The corrected label map has other values than 0, 1 and 2, as after painting with soft edges.",
    "labels-without-scan": "A corrected label map belongs to no scan that was given.",
    "ledger-in-use": "Another process is writing the record of finished work.",
    "ledger-other-work": "The record of finished work belongs to other work.",
    "lens-not-found": "No pixel was recognised as lens, so the Cataract Fraction is undefined.",
    "memory-cap": "The memory cap cannot be kept.",
    "missing-chromium": "No Chromium was found, which prints a page as PDF.",
    "missing-extra": "An optional part of the program is not installed; the message names the extra.",
    "missing-file": "There is no such file.",
    "missing-model": "The model file is not there.",
    "mixed-studies": "The DICOM files of one eye belong to several studies, or those of an exam to several patients.",
    "model-external-data": "The model keeps weights in other files.",
    "model-metadata": "A metadata entry of the model is missing or out of range.",
    "model-not-loadable": "The engine cannot load the model.",
    "model-operators": "The model needs operators or versions that field devices lack.",
    "model-schema": "The model follows another contract.",
    "model-signature": "The model's inputs or outputs are not those of the contract.",
    "multi-frame": "A DICOM file of several frames was given as one scan.",
    "multi-page": "The file holds more than one picture.",
    "no-look": "The model does not look at whole frames, so it has no map of tissues (--tissues).",
    "no-result": "An eye was not graded, and nothing that is asked for can be made of it.",
    "no-scans": "The folder holds no file with a scan.",
    "non-finite": "The network returned a number that is not finite.",
    "not-a-document": "The file is no result document of this program.",
    "not-a-file": "The path is a folder, a pipe, a device or a socket.",
    "not-a-ledger": "The file is no record of finished work that this version can continue.",
    "not-a-model": "The file is no edge-cataract model.",
    "not-a-queue": "The folder holds other things than a queue of this version (`receive`).",
    "not-a-record": "A value to record cannot be kept as JSON, such as NaN.",
    "not-a-scan": "The array is not (rows, columns) of uint8 or uint16.",
    "not-sealable": "The model has no single digest entry to fill in.",
    "offset-grey": "No pixel is dark, as in signed values that were saved with an offset of 32768.",
    "other-eyes": "The exams that are to be compared are of different eyes, or it is not known of which.",
    "other-laterality": "A DICOM file names both eyes for one frame.",
    "other-object": "An object is not the one that was announced, or another one came with its UID.",
    "out-of-memory": "Memory ran out.",
    "output-folder": "The folder of an output is missing, read-only or no folder.",
    "output-taken": "An output would replace an input, a folder, another output, or what is no result of the scan.",
    "own-picture": "Only pictures that this program wrote were named, and no scan.",
    "palette-image": "The picture's pixels are indices into a palette.",
    "print-failed": "Chromium did not print the page.",
    "profile-mismatch": "The scan has another depth than the device profile that was named.",
    "provider": "The engine does not run on the processor it was told to.",
    "queue-full": "A queue, its disk or the memory has no room for another object.",
    "queue-in-use": "Another receiver works with the queue.",
    "rotated-image": "The file asks to be shown rotated or mirrored.",
    "scrambled-pixels": "The packed pixels of a DICOM file do not begin as their format does.",
    "selftest-failed": "This device does not compute what the release computed.",
    "separate-planes": "The TIFF stores three channels of 16 bits apart, one after the other.",
    "several-exams": "The names of a folder's scans say several exams of one eye.",
    "source-not-dicom": "Results as DICOM (--dicom-out) are asked for, and a scan is no DICOM file.",
    "too-coarse": "The scan's pixels are larger than 40 um.",
    "too-many-jpeg-scans": "The JPEG is built of more passes than any device writes.",
    "too-many-open-files": "No more files can be opened.",
    "too-many-pixels": "The picture has more than 25 million pixels.",
    "truncated-bmp": "The BMP ends early.",
    "truncated-dicom": "The DICOM file ends before its pixels do.",
    "truncated-jpeg": "The JPEG ends early; a decoder would invent the rest.",
    "truncated-png": "The PNG ends early.",
    "truncated-tiff": "The TIFF ends early, or its last rows were never written.",
    "undeclared-depth": "The brightest pixel of a 16-bit scan is below 1/8 of white, as with 12 bits in 16.",
    "unknown-eye": "Nothing says which eye a scan shows.",
    "unknown-frame": "The frame fits no known device, so the pixel size is unknown.",
    "unknown-language": "There is no catalogue of that language.",
    "unknown-precision": "There is no such precision.",
    "unknown-profile": "There is no such device profile.",
    "unreadable-file": "The file may not or cannot be read.",
    "unsupported-compression": "The file is compressed in a way that is not read.",
    "unsupported-depth": "The picture has neither 8 nor 16 bits per sample.",
    "unsupported-format": "The file is no PNG, JPEG, TIFF, BMP or DICOM.",
    "usage": "The command line asks for something that does not exist.",
    "worker-died": "A process that measured an exam ended before it was done.",
    "write-failed": "An output could not be written in full, for example on a full disk.",
}

# Why a readable scan was not graded (exit code 3).
REASONS: dict[str, str] = {
    "artificial-lens": "The frame shows an artificial lens in place of the natural one.",
    "no-lens": "The frame shows an eye without a lens.",
    "not-a-scan": "The picture is no B-scan of an eye.",
    "other-scan": "The picture is a scan of another part: of the cornea, of the chamber angle, or of the retina.",
    "lens-not-found": "No natural lens found: perhaps an artificial lens, or the lens lies outside the frame.",
    "lens-too-small": "What was found is less than 2 mm deep or 1 mm wide, too small for a view of a natural lens.",
    "lens-too-large": "What was found is larger than any human lens (over 12 mm), as when grey levels are inverted.",
    "lens-not-solid": "What was found fills less than half of its bounding box: streaks or specks rather than a lens.",
    "lens-in-part": "Less than three quarters of the lens that is seen were labelled, as behind a phakic implant: the "
    "number would be that of a part.",
    "no-brightness-reference": "Cornea or iris not found, so brightness could not be calibrated.",
    "unlikely-brightness": "The lens is black or white, or what looks like cataract is darker than a clear lens: no "
    "lens scatters so.",
    "framed-picture": "A margin of one grey runs around the picture, so its pixel size is not that of a frame.",
    "lens-mostly-outside": "The frame cuts the lens, and less than 3 mm of its depth is seen.",
}

# What to do about a scan that was not graded. An artificial lens stays artificial however often it is scanned.
ADVICE: dict[str, str] = {
    "artificial-lens": "Do not repeat the scan: an artificial lens has no cataract. Show it to a doctor if in doubt.",
    "no-lens": "Do not repeat the scan: show it to a doctor.",
    "not-a-scan": "Choose the file of a scan of the anterior segment.",
    "other-scan": "Repeat the scan with the lens in the frame.",
    "lens-not-found": "Perhaps an artificial lens: do not repeat the scan, show it to a doctor.",
    "lens-too-small": "Perhaps an artificial lens: do not repeat the scan, show it to a doctor.",
    "lens-too-large": "Check the export: are bright tissues bright? Then repeat the scan.",
    "lens-not-solid": "Perhaps an artificial lens: do not repeat the scan, show it to a doctor.",
    "lens-in-part": "Repeat the scan; if that does not help, look with the slit lamp.",
    "no-brightness-reference": "Repeat the scan with cornea and iris in the frame.",
    "unlikely-brightness": "Export the frame of the device unchanged, and repeat the scan.",
    "framed-picture": "Export the frame of the device itself, without a page or a border around it.",
    "lens-mostly-outside": "Repeat the scan with the lens in the frame.",
}

# What a reader of a graded result should know.
WARNINGS: dict[str, str] = {
    "altered-picture": "The picture was turned, cut out, enhanced or marked since the device wrote it.",
    "borderline": "The Cataract Fraction lies within the guard band of the threshold.",
    "burned-in-text": "A DICOM file says that text is burned into the picture, perhaps a name, which pictures show.",
    "corrected-labels": "A person corrected the labels; the numbers are by those, and the model's are kept.",
    "corrected-lens-elsewhere": "The corrected lens and the model's share less than half of their pixels, as with the "
    "map of another scan.",
    "enhanced-contrast": "Speckle is stronger than the contrast of the tissues allows, as after contrast enhancement.",
    "extra-lens-pieces": "Pixels away from the largest connected lens were called lens; they were not counted.",
    "few-grey-levels": "Grey levels are missing, or much more frequent than those beside them, as after brightening, "
    "equalising or quantising.",
    "fewer-scans-than-expected": "The exam has fewer gradable scans than a complete one.",
    "lens-cut-by-frame": "The lens reaches a side of the frame; what lies beyond was not measured.",
    "lifted-black": "A background of one grey that is not black, as after contrast enhancement, brightening or false "
    "colours.",
    "lossy-compression": "A DICOM file was compressed with loss of detail, which the numbers may feel.",
    "marks-in-picture": "Text, lines or boxes of one grey were drawn into the part that is labelled.",
    "more-scans-than-expected": "The exam has more scans than a complete one.",
    "near-copy": "Two files of the exam show one scan that was saved twice, as PNG and JPEG; both were counted.",
    "no-brightness-reference": "Cornea or iris not found, so brightness could not be calibrated; the usual "
    "display of the device was assumed.",
    "other-eye": "The file of a scan, its name, or that of its folder says the other eye.",
    "other-frame": "A scan has another size, depth or profile than most scans of the exam.",
    "partly-black": "A side of the picture, or what lies beyond a straight edge across it, is exactly black, as where "
    "a part of the frame is missing.",
    "phakic-implant": "An implant lies in front of the natural lens, which was graded behind it.",
    "profile-shape": "The scan has another shape than the frames of the device profile that was named.",
    "resampled-frame": "The picture has the shape of a device's frame, but not its size: it was resampled, or cut out.",
    "scales-disagree": "Cornea and iris of a scan are much brighter, darker or more apart than in the other scans of "
    "the exam; it was graded on its own scale.",
    "scans-disagree": "The fraction of a scan is more than 0.2 away from the median of the exam.",
    "smoothed-picture": "Speckle is weaker than the contrast of the tissues lets expect, as after smoothing.",
    "unlikely-scale": "The cornea is flatter or rounder than that of any eye, as in a picture that was cut and "
    "enlarged, or under a profile of another device.",
    "unreadable-scan": "A scan of the exam could not be read or labelled; it is an entry of the document.",
    "window-moved": "The usual crop window did not hold the whole lens; it was moved or enlarged.",
}

# What kind of picture a scan is (`scans[].picture`).
PICTURES: dict[str, str] = {
    "natural-lens": "An eye with its natural lens, as the device shows it.",
    "artificial-lens": "An artificial lens lies in place of the natural one.",
    "phakic-implant": "An implant lies in front of the natural lens.",
    "no-lens": "An eye without a lens.",
    "lens-outside": "Most of the lens lies outside of the frame.",
    "other-scan": "A scan of another part: cornea, chamber angle, retina.",
    "not-a-scan": "No B-scan of an eye.",
    "altered": "Turned, upside down, composed, annotated, enhanced or cropped.",
}

# What a pixel of a tissue map shows (``--tissues``), in the order of its codes from 0.
TISSUES: dict[str, str] = {
    "nothing": "Air, and what lies outside of the scanned field.",
    "cornea": "The cornea, with its scars and a contact lens.",
    "aqueous": "The fluid between cornea and lens.",
    "iris-sclera": "Iris, ciliary body, sclera.",
    "natural-lens": "The natural lens as far as light reaches it through the pupil.",
    "artificial-lens": "A lens in place of the natural one.",
    "phakic-implant": "A lens in front of the natural one.",
    "lid-lashes": "A lid or lashes.",
    "shadow": "No light comes back: behind the iris, a lid or lashes.",
    "mark": "Text, lines, boxes or a margin: no eye.",
    "vitreous": "Behind the lens, or behind the pupil where there is none.",
    "other": "What another picture shows: retina, a photograph.",
}

# What to do with an eye (`eye.answer`): the word, and what a person reads.
ANSWERS: dict[str, str] = {
    "refer": "Show the eye to an ophthalmologist.",
    "repeat": "Repeat the exam, or look with the slit lamp.",
    "no-sign": "No sign of cataract was found.",
    "ungradable": "No answer: no scan could be graded.",
}

# Why an answer is not "no sign" (`eye.answer_reasons`); words of warnings that put the number in doubt stand there too.
ANSWER_REASONS: dict[str, str] = {
    "anterior-subcapsular-area": "Opacity below the front capsule covers 4 % or more of the central 3 mm.",
    "cataract-fraction": "The Cataract Fraction is 0.01 or more; from 0.14 it alone means refer.",
    "fewer-than-three-scans": "Fewer than three scans were graded: too few to speak for an eye.",
    "lens-shape-unknown": "The outline is not that of a lens, so its zones were not measured.",
    "nuclear-grade": "The nucleus scatters 2.5 dB or more above a clear lens.",
    "posterior-subcapsular-area": "Opacity below the back capsule covers 1.5 % or more of the central 3 mm; "
    "from 10 % it alone means refer.",
    "unstable-fraction": "Further exams of the eye may find a Cataract Fraction of 0.01 or more.",
    "unstable-range": "With pixels that are possibly cataract the fraction would be 0.14 or more.",
}

# Whether the Cataract Fraction changed between two exams of an eye (`compare`).
COMPARISONS: dict[str, str] = {
    "increased": "The Cataract Fraction rose by more than exams of an unchanged eye differ.",
    "decreased": "The Cataract Fraction fell by more than exams of an unchanged eye differ.",
    "unchanged": "No change: exams of an unchanged eye differ as much.",
    "not-judged": "Whether the eye changed cannot be judged.",
}

# Why a comparison was not judged, and what else its reader should know.
COMPARISON_REASONS: dict[str, str] = {
    "exam-in-doubt": "A warning puts the number of an exam in doubt.",
    "exam-not-graded": "An exam has no graded scan, so it has no Cataract Fraction.",
    "models-differ": "The exams were analysed by different models, whose numbers are not comparable.",
    "repeatability-unknown": "How far exams differ is not known: fewer than three graded scans, or a model without it.",
    "same-scans": "Both documents are about the same scan, or several.",
}
