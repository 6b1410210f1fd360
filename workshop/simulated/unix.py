"""Twisted's transports and ports of UNIX streams, simulated. A separate module: not every platform can import Twisted's."""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp, unix

from .errors import NotSimulated
from .transports import Simulated


class Stream(Simulated):
    """Leaves out what passes file descriptors."""

    doRead: Any = tcp.Connection.doRead

    def sendFileDescriptor(self, fileno: int) -> None:
        raise NotSimulated("sendFileDescriptor")


class Server(Stream, unix.Server):
    """A server's transport."""


class Client(Stream, unix.Client):
    """A client's transport."""


class Port(Simulated, unix.Port):
    transport = Server


class Connector(unix.Connector):
    def _makeTransport(self) -> Any:
        return Client(self.address, self, self.reactor, self.checkPID)  # type: ignore
