"""Builds, from the tests of a contract, a test case for each reactor of this platform and each kind of connection.

    globals().update(everywhere(globals()))

as the last line of a module does so for all of its classes that derive from Somewhere. Nothing here is to be edited.
"""

from collections import Counter
from collections.abc import Mapping
from functools import wraps
from inspect import getmembers, isfunction
from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.trial.unittest import SynchronousTestCase

from . import fresh
from .families import FAMILIES
from .wrapped import Reactor

if TYPE_CHECKING:
    Case = SynchronousTestCase
else:
    # Trial must not take a contract's class for a test case: it has no reactor.
    Case = object


class Somewhere(Case):
    """The tests of a contract derive from this; what they have at hand is here.

    ``reactor`` is a fresh one for each test. ``where`` has its name and that of the kind of connection, as in
    ("epoll", "TCP6"). ``limit``: seconds that it may run.
    """

    reactor: Any
    where: tuple[str, str]
    limit = 2.0
    _fresh: fresh.Fresh
    _address: Any = None

    def listen(self, factory: Any) -> Any:
        """Listen on the loopback; the port."""
        port = self._fresh.family.listen(self.reactor, factory)
        self._address = port.getHost()
        return port

    def connect(self, factory: Any, by_name: bool = False) -> Any:
        """Connect to what listen() gave last, by its address, or by a name if it has one; the connector."""
        if self._address is None:
            self.fail(
                "Nothing listens that one could connect to: listen first, or connect_to_nobody."
            )
        return self._fresh.family.connect(self.reactor, factory, self._address, by_name)

    def connect_to_nobody(self, factory: Any) -> Any:
        """Connect to where nobody listens; the connector."""
        return self._fresh.family.connect(self.reactor, factory, self._fresh.family.nowhere())

    def run_reactor(self) -> None:
        """Run the reactor until it is stopped; a test may do so once. After ``limit`` seconds it is stopped from here, and
        the test fails. An error that is logged ends the run at once; for it trial fails the test."""
        if not self._fresh.run():
            self.fail(f"The reactor was ended from outside: {self._fresh.ended}.")

    def run_between(self, server: Any, client: Any, by_name: bool = False) -> None:
        """Connect the two protocols with each other, and run the reactor until connectionLost was called on both."""
        left = [server, client]

        def hears(protocol: Any) -> Any:
            own = protocol.connectionLost

            def connectionLost(reason: Any) -> None:
                own(reason)
                left.remove(protocol)
                if not left:
                    self.reactor.stop()

            protocol.connectionLost = connectionLost
            return protocol

        self.listen(ServerFactory.forProtocol(lambda: hears(server)))
        self.connect(ClientFactory.forProtocol(lambda: hears(client)), by_name)
        self.run_reactor()


class Built:
    """What comes before and after each test. The bases that follow it in a built case are the contract's, and trial's."""

    def setUp(self: Any) -> None:
        """A fresh reactor, first of all."""
        self._fresh = fresh.Fresh(self.where, self.limit)
        # The first to be added is the last to be called, after whatever the test adds.
        self.addCleanup(self._undo)
        self.reactor = Reactor(self._fresh.real, self.where)
        super().setUp()  # type: ignore[misc]

    def _undo(self: Any) -> None:
        left = self._fresh.undo()
        self.reactor = None
        if left:
            self.fail("The test has left behind: " + "; ".join(left))


def no_result(test: Any) -> Any:
    """The test, failing if it returns anything, as one that is written for an asynchronous test case does."""

    @wraps(test)
    def run(self: Any) -> None:
        result = test(self)
        if result is not None:
            # A coroutine that was never awaited would be told by Python too.
            getattr(result, "close", int)()
            what = type(result).__name__
            self.fail(
                f"The test returns a {what}, and nothing waits for that here: run_reactor() waits."
            )

    return run


def everywhere(module: Mapping[str, Any]) -> dict[str, type[SynchronousTestCase]]:
    """The built cases, by name, as ``Contract_epoll_TCP6``. Each has all tests of all the module's contracts.

    Raises:
        ValueError: two of the classes have a test of the same name, of which one would never run.
    """
    own = [one for one in module.values() if isinstance(one, type) and issubclass(one, Somewhere)]
    bases = [one for one in own if not any(one in other.__mro__[1:] for other in own)]
    tests = Counter(test for one in own for test in vars(one) if test.startswith("test"))
    for test, times in tests.items():
        if times > 1:
            raise ValueError(f"{test} stands in {times} classes: give each its own name.")
    cases = {}
    for reactor in fresh.HERE if bases else ():
        for family, kind in FAMILIES.items():
            name = f"Contract_{reactor}_{family}"
            body = {"__module__": module["__name__"], "where": (reactor, family)}
            body |= {
                test: no_result(value)
                for base in reversed(bases)
                for test, value in getmembers(base, isfunction)
                if test.startswith("test")
            }
            if skip := fresh.lacks(reactor) or kind.lacks():
                body["skip"] = skip
            cases[name] = type(name, (Built, *bases, SynchronousTestCase), body)
    return cases
