"""Lines about what is turned away: few, and nothing in them that a terminal would obey."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge_runtime.dicom_net import turned_away
from edge_runtime.dicom_net.events import Event
from edge_runtime.dicom_net.turned_away import TurnedAway, caller
from edge_runtime.errors import UsageError


def test_each_word_has_a_line_at_once_and_further_ones_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(turned_away.time, "monotonic", lambda: now[0])
    events = list[Event]()
    turned = TurnedAway(events.append, every_s=60.0)
    for who in range(500):
        turned.note(f"peer {who}", UsageError("wrong-title", "Why.", "What."))
    turned.note("peer", UsageError("unknown-caller", "Why.", "What."))
    now[0] += 59
    turned.look()
    assert [event.text for event in events] == ["peer 0: Why.", "peer: Why."]
    now[0] += 1
    turned.look()
    assert [event.text for event in events[2:]] == ["499 more in 60 s, the last: peer 499: Why."]
    turned.note("late", UsageError("unknown-caller", "Why.", "What."))  # as if it were the first
    turned.note("late", UsageError("wrong-title", "Why.", "What."))
    assert [event.text for event in events[3:]] == ["late: Why."]
    now[0] += 60
    turned.look()
    turned.end()
    assert [event.text for event in events[4:]] == ["1 more in 60 s, the last: late: Why."]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("OCT 1 ", "'OCT 1' at ::1"),
        ("", "a peer at ::1"),
        ("A\x1b[31m\n\u202eB", "'A?[31m??B' at ::1"),
        ("A" * 4000, f"'{'A' * 16}' at ::1"),
    ],
)
def test_a_title_is_printable_and_short(title: str, shown: str) -> None:
    assert caller(SimpleNamespace(requestor=SimpleNamespace(ae_title=title, address="::1"))) == shown
