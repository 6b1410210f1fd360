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

    # Step 4: your tests of accepted()


class AllOf(SynchronousTestCase):
    """all_of(ends) returns a Deferred that fires with None after the last of the ends, in whatever order they fire."""

    # Step 5: your tests of all_of()
