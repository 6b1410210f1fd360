"""An echo, in three steps."""

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater


class Echo(Protocol):
    """Sends back what comes."""

    def dataReceived(self, data: bytes) -> None:
        """Send the data back."""
        assert self.transport is not None
        ### BEGIN SOLUTION Step 1: send the data back
        self.transport.write(data)
        ### END SOLUTION
        ### BEGIN SOLUTION Step 2: close after a full stop
        ### STARTER # Step 2: close here, after a full stop.
        if data.endswith(b"."):
            self.transport.loseConnection()
        ### END SOLUTION


def later(reactor: object) -> "Deferred[str]":
    """A Deferred that fires with "later" in the reactor's next turn."""
    ### BEGIN SOLUTION Step 3: fire in the next turn
    return deferLater(reactor, 0, lambda: "later")  # type: ignore[arg-type]
    ### END SOLUTION
