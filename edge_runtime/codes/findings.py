"""The words of results, each with its one documentation line."""

from __future__ import annotations

# Why a readable scan was not graded (exit code 3).
REASONS: dict[str, str] = {
    "artificial-lens": "The frame shows an artificial lens in place of the natural one.",
    "no-lens": "The frame shows an eye without a lens.",
    "not-a-scan": "The picture is no B-scan of an eye.",
    "other-scan": "The picture is a scan of another part: of the cornea, of the chamber angle, or of the retina.",
    "lens-not-found": "No natural lens found: perhaps an artificial lens, or the lens lies outside the frame.",
    "lens-too-small": "What was found is less than 2 mm deep or 1 mm wide, too small for a view of a natural lens.",
    "lens-too-large": "What was found is larger than any human lens (over 12 mm), as in a picture upside down or with "
    "inverted grey levels.",
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
    "lens-too-large": "Check the export: is the cornea at the top, are bright tissues bright? Then repeat the scan.",
    "lens-not-solid": "Perhaps an artificial lens: do not repeat the scan, show it to a doctor.",
    "lens-in-part": "Repeat the scan; if that does not help, look with the slit lamp.",
    "no-brightness-reference": "Repeat the scan with cornea and iris in the frame.",
    "unlikely-brightness": "Export the frame of the device unchanged, and repeat the scan.",
    "framed-picture": "Export the frame of the device itself, without a page or a border around it.",
    "lens-mostly-outside": "Repeat the scan with the lens in the frame.",
}

# Reasons whose advice is not to repeat the scan.
NOT_AGAIN = frozenset({"artificial-lens", "no-lens", "lens-not-found", "lens-too-small", "lens-not-solid"})

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
    "lens-cut-by-frame": "The lens reaches a side of the frame, or nearly so; what lies beyond was not measured.",
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
    "other-lens": "One scan of the eye shows its natural lens, another an artificial lens or none: check that all "
    "scans are of this eye.",
    "partly-black": "A side of the picture, or what lies beyond a straight edge across it, is exactly black, as where "
    "a part of the frame is missing.",
    "phakic-implant": "An implant lies in front of the natural lens, which was graded behind it.",
    "profile-shape": "The scan has another shape than the frames of the device profile that was named.",
    "resampled-frame": "The picture has the shape of a device's frame, but not its size: it was resampled, or cut out.",
    "scales-disagree": "Cornea and iris of a scan are much brighter, darker or more apart than in the other scans of "
    "the exam; it was graded on its own scale.",
    "scans-disagree": "The fraction of a scan is more than 0.2 away from the median of the exam.",
    "several-exams": "Names of the scans begin as those of several exams or patients do: check that all scans are of "
    "this eye.",
    "smoothed-picture": "Speckle is weaker than the contrast of the tissues lets expect, as after smoothing.",
    "unlikely-brightness": "By corrected labels the lens is black or white, or what is called cataract is darker than "
    "a clear lens: check the label map.",
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
    "cataract-evidence": "Of simulated eyes like it three in ten or more have a cataract.",
    "cataract-fraction": "The Cataract Fraction is 0.01 or more; from 0.14 it alone means refer.",
    "fewer-than-three-scans": "Fewer than three scans were graded: too few to speak for an eye.",
    "lens-shape-unknown": "The outline is not that of a lens, so its zones were not measured.",
    "lens-thickness-differs": "The thickness of the lens differs between scans by more than 0.5 mm, as that of two "
    "eyes: check that all scans are of this eye.",
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
    "order-in-doubt": "The exam that is named first was analysed after the other: perhaps it is the later one.",
    "repeatability-unknown": "How far exams differ is not known: fewer than three graded scans, or a model without it.",
    "same-scans": "Both documents are about the same scan, or several.",
}
