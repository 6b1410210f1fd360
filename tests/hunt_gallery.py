"""The gallery's teardowns on each of its lines, with clients that wait for the whole answer, however the stream is cut."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from exercises.stage4_disconnect import gallery, measure
from exercises.stage4_disconnect.lines import Line

SIZE = len(b"hello")


def patient(client: Any) -> Any:
    """A client whose answer is all that it has asked for."""

    class Patient(client):  # type: ignore[misc]
        seen = b""

        def dataReceived(self, data: bytes) -> None:
            self.seen += data
            if len(self.seen) == SIZE:
                super().dataReceived(self.seen)

    return Patient


for _name, (_line, _) in measure.LINES.items():
    for _teardown in gallery.TEARDOWNS:
        _bases: Any = (_teardown,)
        _case = f"{_teardown.__name__}_{_name.replace('-', '_')}"
        _its = Line(patient(_line.client), _line.server, _line.first)
        globals()[_case] = type(_case, _bases, {"line": _its, "__module__": __name__})
del TestCase, _bases, _its, _teardown, _line
