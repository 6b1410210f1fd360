"""A count of lines, by Twisted's own LineReceiver."""

from twisted.protocols.basic import LineReceiver


class Tally(LineReceiver):
    """Answers each line with the number of lines so far."""

    delimiter = b"\n"
    count = 0

    def lineReceived(self, line: bytes) -> None:
        """One more."""
        self.count += 1
        self.sendLine(str(self.count).encode())
