"""Where in the lens cortical changes gather."""

from __future__ import annotations

import numpy as np

INFERONASAL_RAD = float(np.deg2rad(-45.0))  # cortical cataract favours it (Schein et al.; Graz 1996)
