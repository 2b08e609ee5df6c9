"""Archives that results are sent to, by C-STORE or by STOW-RS, and what their answers mean."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from socket import gaierror
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from edge_runtime.errors import OutputError, UsageError

from .archive_answers import StoreAnswer, StoreOutcome, answer_of, answer_of_sequences

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_RESULT_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.104.1",  # Encapsulated PDF
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
)
# Of HTTP: the archive looked at the object, and will think the same of it tomorrow.
_REFUSED_BY_HTTP = {400, 409, 413, 415, 422}
# Of HTTP, from 500 on: what stands before the archive, or all of it, is not there. Any other may be of one object.
_NOT_THERE_BY_HTTP = {502, 503, 504}


class Archive(Protocol):
    """Takes results."""

    def send(self, paths: Sequence[str]) -> Generator[StoreAnswer, None, None]:
        """Send files, one after the other; the answer to each.

        Raises
        ------
        OutputError
            ``archive-unreachable``: there is nobody, or nobody who wants to talk; its name has no address, or there is
            no way to it.
        """


@dataclass(frozen=True, slots=True)
class DicomNode:
    """An archive that takes C-STORE.

    Attributes
    ----------
    title, host, port
        Its AE title and address.
    own_title
        How this program introduces itself.
    patience_s
        How long an answer is waited for.
    """

    title: str
    host: str
    port: int
    own_title: str
    patience_s: float

    def send(self, paths: Sequence[str]) -> Generator[StoreAnswer, None, None]:
        """As `Archive.send`."""
        from pydicom.uid import ExplicitVRLittleEndian
        from pynetdicom import AE

        entity = AE(self.own_title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = self.patience_s
        entity.connection_timeout = self.patience_s
        for kind in _RESULT_CLASSES:
            entity.add_requested_context(kind, ExplicitVRLittleEndian)
        association = self._associated(entity)
        try:
            for path in paths:
                yield _stored(association, path)
        finally:
            with suppress(Exception):  # what was answered is known already
                association.release()

    def _associated(self, entity: Any) -> Any:
        """An association with the archive; whatever prevents one, it may be there later."""
        try:
            association = entity.associate(self.host, self.port, ae_title=self.title)
        except (gaierror, UnicodeError) as error:
            raise _unreachable("The name of the archive has no address.") from error
        except Exception as error:  # no socket or thread, perhaps; pynetdicom lets through what the system says
            raise _unreachable("The archive cannot be reached.") from error
        if not association.is_established:
            how = "refuses the association" if association.is_rejected else "cannot be reached"
            raise _unreachable(f"The archive {how}.")
        return association


def _stored(association: Any, path: str) -> StoreAnswer:
    if _read(path, without_pixels=True) is None:
        return StoreAnswer(StoreOutcome.UNREADABLE)
    try:
        answer = association.send_c_store(path)
    except ValueError:  # no context for this class
        return StoreAnswer(StoreOutcome.REFUSED)
    except RuntimeError:  # the association has ended
        return StoreAnswer(StoreOutcome.LATER)
    except Exception:  # noqa: BLE001  # the file could be read no further: the archive has a part of it, and waits
        with suppress(Exception):
            association.abort()
        is_whole = _read(path, without_pixels=False) is not None  # or it is so at the next try, too
        return StoreAnswer(StoreOutcome.LATER if is_whole else StoreOutcome.UNREADABLE)
    return answer_of(answer.get("Status"))


def _read(path: str, *, without_pixels: bool) -> Any:
    """The file of a result; None where it cannot be read, or is no such file any more."""
    from pydicom import dcmread

    try:
        result = dcmread(path, stop_before_pixels=without_pixels)
        return result if result.SOPInstanceUID and result.file_meta.TransferSyntaxUID else None
    except Exception:  # noqa: BLE001  # pydicom raises anything at what is damaged
        return None


@dataclass(frozen=True, slots=True)
class DicomWeb:
    """An archive that takes STOW-RS.

    Attributes
    ----------
    url
        Of the service, without ``/studies``.
    patience_s
        How long an answer is waited for.
    token
        A bearer token that it wants; None: it wants none.
    """

    url: str
    patience_s: float
    token: str | None = None

    def send(self, paths: Sequence[str]) -> Generator[StoreAnswer, None, None]:
        """As `Archive.send`."""
        import requests
        from dicomweb_client import DICOMwebClient

        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        with requests.Session() as session:
            session.max_redirects = 0  # results, and a token, go to the address that was named and to no other
            session.hooks["response"] = [_without_parameters]
            client = DICOMwebClient(self.url, session=session, headers=headers, timeout=self.patience_s)
            client.set_http_retry_params(retry=False)  # the outbox has its own patience
            for path in paths:
                yield _posted(client, path)


def _without_parameters(response: Any, **_settings: Any) -> None:
    """Leave of the media type what dicomweb-client knows: it takes one with a charset for no answer."""
    response.headers["Content-Type"] = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _posted(client: Any, path: str) -> StoreAnswer:
    """Post a result. It is there only where the archive says so of this very object.

    Whatever else is a success of HTTP may be that of a proxy or of a page to log in, and received scans are deleted
    when their results are there.
    """
    import requests

    result = _read(path, without_pixels=False)
    if result is None:
        return StoreAnswer(StoreOutcome.UNREADABLE)
    instance = str(result.SOPInstanceUID)
    try:
        return answer_of_sequences(client.store_instances([result]), instance, StoreAnswer(StoreOutcome.LATER))
    except requests.HTTPError as error:
        return _of_refusal(error.response, instance)
    except requests.TooManyRedirects:
        raise _unreachable("The archive sends to another address.") from None
    except requests.exceptions.InvalidJSONError:  # which is no fault of the network
        return StoreAnswer(StoreOutcome.LATER)
    except requests.RequestException:
        raise _unreachable("The archive cannot be reached.") from None
    except Exception:  # noqa: BLE001  # a malformed answer, in whichever way
        return StoreAnswer(StoreOutcome.LATER)


def _of_refusal(response: Any, instance: str) -> StoreAnswer:
    """What an error of HTTP says of an instance."""
    from pydicom.dataset import Dataset

    status = f"HTTP {response.status_code}"
    if response.status_code >= 500 and response.status_code not in _NOT_THERE_BY_HTTP:
        return StoreAnswer(StoreOutcome.LATER, status)
    if response.status_code not in _REFUSED_BY_HTTP:
        raise _unreachable(f"The archive answers with {status}.") from None
    refused = StoreAnswer(StoreOutcome.REFUSED, status)
    try:
        return answer_of_sequences(Dataset.from_json(response.json()), instance, refused)
    except Exception:  # noqa: BLE001  # whatever the answer is, the result is not there
        return refused


def _unreachable(found: str) -> OutputError:
    return OutputError("archive-unreachable", found, "Look whether it runs, and how it is addressed.")


def archive_of(text: str, own_title: str, patience_s: float, token: str | None = None) -> Archive:
    """The archive that ``TITLE@HOST:PORT`` or a URL names.

    Parameters
    ----------
    text
        Its address.
    own_title
        How this program introduces itself to it.
    patience_s
        How long an answer is waited for.
    token
        A bearer token for a URL; None: none.

    Raises
    ------
    UsageError
        ``usage`` for anything else, and for a token that others could read on its way.
    """
    if token is not None and not text.startswith("https://") and not _is_loopback(text):
        raise UsageError(
            "usage", "A token goes to an https:// address only, or to this machine.", "Leave out --token-file."
        )
    if re.fullmatch(r"https?://[^\s/@]+(/\S*)?", text) and _has_host(text):
        return DicomWeb(text.rstrip("/"), patience_s, token)
    node = re.fullmatch(r"([ -?A-[\]-~]{1,16})@(\[[0-9A-Fa-f:.]+\]|[^\s/:@]+):(\d{1,5})", text, re.ASCII)
    if node is None or not 0 < int(node[3]) < 1 << 16 or not node[1].strip() or not _has_host(f"//{node[2]}"):
        raise UsageError(
            "usage", f"--to {text!r} is no archive.", "Give TITLE@HOST:PORT for C-STORE, or the https:// of STOW-RS."
        )
    return DicomNode(node[1].strip(), node[2].strip("[]"), int(node[3]), own_title, patience_s)


def _has_host(url: str) -> bool:
    """Whether a URL has a host that there may be, and a port if any."""
    try:
        address = urlsplit(url)
        host = address.hostname or ""
        return bool(host) and address.port != 0 and bool(host.encode("ascii" if ":" in host else "idna"))
    except ValueError:  # no such port, or a name that none can have
        return False


def _is_loopback(url: str) -> bool:
    """Whether a URL is one of this machine; a TITLE@HOST:PORT is no URL."""
    try:
        host = urlsplit(url).hostname or ""
        return url.startswith("http://") and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False
