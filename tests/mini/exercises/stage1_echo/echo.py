"""An echo, in three steps."""

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater


class Echo(Protocol):
    """Sends back what comes."""

    def dataReceived(self, data: bytes) -> None:
        """Send the data back."""
        assert self.transport is not None
        raise NotImplementedError("Step 1: send the data back")
        # Step 2: close here, after a full stop.


def later(reactor: object) -> "Deferred[str]":
    """A Deferred that fires with "later" in the reactor's next turn."""
    raise NotImplementedError("Step 3: fire in the next turn")
