"""The generators of one scan, each under the name of its purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from train.phantom.seeds import generator

if TYPE_CHECKING:
    import numpy as np

    from train.phantom.patient import Eye

    from .plan import ScanPlan


@dataclass(frozen=True, slots=True)
class ScanSeeds:
    """The keys of one scan, from which a generator for every purpose follows."""

    cohort: str
    patient: str
    eye: str
    exam: int
    meridian: str

    @classmethod
    def of(cls, eye: Eye, plan: ScanPlan) -> Self:
        """The keys of this scan of this eye."""
        return cls(
            cohort=eye.plan.cohort,
            patient=eye.plan.patient,
            eye=eye.plan.eye,
            exam=plan.exam,
            meridian=f"{plan.meridian_deg:g}",
        )

    def scan(self, *purpose: str) -> np.random.Generator:
        """Generator for a property of this scan alone."""
        return generator(self.cohort, self.patient, self.eye, self.exam, self.meridian, *purpose)

    def exam_wide(self, *purpose: str) -> np.random.Generator:
        """Generator for a property that all scans of the exam share."""
        return generator(self.cohort, self.patient, self.eye, self.exam, *purpose)

    def meridian_wide(self, *purpose: str) -> np.random.Generator:
        """Generator for tissue along this meridian, which does not change between exams."""
        return generator(self.cohort, self.patient, self.eye, self.meridian, *purpose)

    def eye_wide(self, *purpose: str) -> np.random.Generator:
        """Generator for a property that all scans of the eye share."""
        return generator(self.cohort, self.patient, self.eye, *purpose)
