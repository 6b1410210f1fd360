"""Your tests of the given code: of accepted() in step 4, of all_of() in step 5."""

from __future__ import annotations

from itertools import permutations

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from .teardown import accepted, all_of

ADDRESS = IPv4Address("TCP", "127.0.0.1", 8007)


class Choosy(Factory):
    """A server's factory that refuses the first connections. refuses: how many."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses = refuses

    def buildProtocol(self, addr: object) -> Protocol | None:
        """Return a new protocol, or None for a refused connection."""
        self.refuses -= 1
        return Protocol() if self.refuses < 0 else None


class Accepted(SynchronousTestCase):
    """accepted(factory) returns a Deferred that fires with the first protocol that is connected."""

    ### BEGIN SOLUTION Step 4: test when it fires, with a first connection, a second one, and a refused one
    ### STARTER # Step 4: your tests of accepted()
    def test_connected(self) -> None:
        """It fires with the protocol that buildProtocol returned, after its makeConnection, not before."""
        factory = Choosy()
        first = accepted(factory)
        protocol = factory.buildProtocol(ADDRESS)
        self.assertNoResult(first)
        assert protocol is not None
        protocol.makeConnection(StringTransport())
        self.assertIs(self.successResultOf(first), protocol)

    def test_second(self) -> None:
        """The first connection counts, and a later one raises nothing."""
        factory = Choosy()
        first = accepted(factory)
        protocols = [factory.buildProtocol(ADDRESS) for _ in range(2)]
        for protocol in protocols:
            assert protocol is not None
            protocol.makeConnection(StringTransport())
        self.assertIs(self.successResultOf(first), protocols[0])

    def test_refused(self) -> None:
        """A connection that the factory refuses raises nothing, and does not count."""
        factory = Choosy(refuses=1)
        first = accepted(factory)
        self.assertIsNone(factory.buildProtocol(ADDRESS))
        self.assertNoResult(first)

    ### END SOLUTION


class AllOf(SynchronousTestCase):
    """all_of(ends) returns a Deferred that fires with None after the last of the ends, in whatever order they fire."""

    ### BEGIN SOLUTION Step 5: test every order of three, and no ends at all
    ### STARTER # Step 5: your tests of all_of()
    def test_every_order(self) -> None:
        """It fires after the third of three, not before, in each of the six orders."""
        for order in permutations(range(3)):
            ends: list[Deferred[None]] = [Deferred() for _ in order]
            waiting = all_of(ends)
            for number in order:
                self.assertNoResult(waiting)
                ends[number].callback(None)
            self.assertIsNone(self.successResultOf(waiting), f"fired in the order {order}")

    def test_none(self) -> None:
        """If there are no ends, it has fired already."""
        self.assertIsNone(self.successResultOf(all_of([])))

    ### END SOLUTION
