"""Runs Twisted's own tests of reactors over the simulated one, and prints each outcome: one JSON object.

A process of its own, for tests/test_simulated_builders.py: these tests replace the reactor, and patch modules.
"""

from __future__ import annotations

import importlib
import json
import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import TestSuite

from twisted.internet.test import reactormixins
from twisted.trial.reporter import TestResult

from workshop.simulated.network import Socket

REACTOR = "workshop.simulated.reactor.SimulatedReactor"
reactormixins.ReactorBuilder._reactors = [REACTOR]


class ClientSocket:
    """In place of a socket that a test opens itself, to connect to a port: it blocks, and connects at once."""

    def __init__(self, family: int, kind: int) -> None:
        self._family = family

        self._socket: Socket | None = None

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def connect(self, name: Any) -> None:
        """Make the socket only now: the test makes its reactor later than its socket. The network is calm."""
        from twisted.internet import reactor

        self._socket = Socket(reactor.network, self._family)  # type: ignore[attr-defined]
        self._socket.connect_ex(name)
        assert self._socket.connected

    def close(self) -> None:
        """Close."""
        if self._socket is not None:
            self._socket.close()

    def getsockname(self) -> Any:
        """The address of this end."""
        assert self._socket is not None
        return self._socket.getsockname()

    def getpeername(self) -> Any:
        """The address of the other end."""
        assert self._socket is not None
        return self._socket.getpeername()


class Outcomes(TestResult):
    """What became of each test, by its name: ok, skip, or the error's type."""

    def __init__(self) -> None:
        super().__init__()
        self.by_name: dict[str, str] = {}

    def startTest(self, test: Any) -> None:
        """All is well until something else is reported."""
        super().startTest(test)
        self.by_name[test.id()] = "ok"

    def addSkip(self, test: Any, reason: Any) -> None:
        """A test that cannot run here."""
        super().addSkip(test, reason)
        self.by_name[test.id()] = f"skip: {reason}"

    def addError(self, test: Any, error: Any) -> None:
        """An error."""
        super().addError(test, error)
        self.by_name[test.id()] = self.errors[-1][1].getErrorMessage()

    def addFailure(self, test: Any, failure: Any) -> None:
        """A failed assertion."""
        super().addFailure(test, failure)
        self.by_name[test.id()] = self.failures[-1][1].getErrorMessage()


def built(module: ModuleType) -> list[type]:
    """The test cases that a module has built for our reactor."""
    return [one for name, one in vars(module).items() if name.endswith("_SimulatedReactorTests")]


def main(names: list[str]) -> None:
    """Run what these modules of twisted.internet.test have built."""
    outcomes = Outcomes()
    for name in names:
        module = importlib.import_module(f"twisted.internet.test.{name}")
        if name == "test_tcp":
            module.socket = SimpleNamespace(**{**vars(socket), "socket": ClientSocket})  # type: ignore[attr-defined]
        for case in built(module):
            methods = sorted(one for one in dir(case) if one.startswith("test_"))
            suite = TestSuite(case(method) for method in methods)  # type: ignore[call-arg]
            suite.run(outcomes)
    print(json.dumps(outcomes.by_name))


if __name__ == "__main__":
    main(sys.argv[1:])
