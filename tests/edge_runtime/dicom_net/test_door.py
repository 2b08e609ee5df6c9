"""Who may call, and what is answered to what."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE

from edge_runtime.dicom_net.door import examine
from edge_runtime.dicom_net.intake import Taken
from edge_runtime.dicom_net.queue import Queue
from edge_runtime.dicom_net.scp import ACCEPTED_CLASSES, Provider
from edge_runtime.dicom_net.settings import Bounds, Patience, Station
from edge_runtime.errors import EdgeCataractError, OutputError, UsageError
from edge_runtime.reading.dicom.syntaxes import SYNTAXES
from tests.dicom_files import LOSSLESS, photograph, tomography
from tests.edge_runtime.dicom_out.conftest import small_lens

from .conftest import PITCH_UM, exam, files_in, send, single, statuses, written
