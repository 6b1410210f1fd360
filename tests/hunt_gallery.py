"""The gallery's teardowns on each of its lines."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import TestCase

from exercises.stage4_disconnect import gallery, measure

for _name, (_line, _) in measure.LINES.items():
    for _teardown in gallery.TEARDOWNS:
        _bases: Any = (_teardown,)
        _case = f"{_teardown.__name__}_{_name.replace('-', '_')}"
        globals()[_case] = type(_case, _bases, {"line": _line, "__module__": __name__})
del TestCase, _bases, _teardown, _line
