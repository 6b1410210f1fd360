"""The page on moving a test over: after each of its steps, the test runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import inner
import pytest
from twisted.internet import protocol
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import TCP4ClientEndpoint

from txtidy import Tidy

PAGE = Path(__file__).resolve().parent.parent / "docs" / "moving.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)


class Echo(protocol.Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[union-attr]


class EchoFactory(protocol.Factory):
    noisy = False
    protocol = Echo


class EchoClient(protocol.Protocol):
    def ask(self, data: bytes) -> Deferred[bytes]:
        self.answer: Deferred[bytes] = Deferred()
        self.transport.write(data)  # type: ignore[union-attr]
        return self.answer

    def dataReceived(self, data: bytes) -> None:
        self.answer.callback(data)


def steps() -> list[str]:
    """The page's test as it is before the first step, and after each of the first four."""
    found = [BLOCKS[0]]
    found.append(found[-1].replace("class EchoTests(TestCase):\n", BLOCKS[1]))
    found.append(re.sub(r"self\.port = .*\n", lambda _: BLOCKS[2], found[-1]))
    method = "".join(f"    {line}\n" for line in BLOCKS[3].splitlines())
    last = found[-1].replace("return self.connect()", "return self.connect_client()")
    found.append(re.sub(r"    def connect\(.*?\n(?=\n)", lambda _: method, last, flags=re.S))
    found.append(BLOCKS[4])
    return found


@pytest.mark.parametrize("number", range(5))
def test_step(number: int) -> None:
    """It passes, and leaves nothing once it has the mixin's port and client."""
    from twisted.internet import reactor

    assert len(set(steps())) == 5
    names: dict[str, Any] = {**globals(), "reactor": reactor, "TestCase": inner.Innocent}
    names["Factory"] = protocol.Factory
    exec(steps()[number], names)
    said = inner.run(names["EchoTests"])
    assert said["test_z_innocent"][0] == ("OK", "")
    assert said["test_echo"][0] == ("OK", ""), said
    if number >= 3:
        assert said == {"test_echo": [("OK", "")], "test_z_innocent": [("OK", "")]}


assert inlineCallbacks and TCP4ClientEndpoint and Tidy  # the page's code uses them
