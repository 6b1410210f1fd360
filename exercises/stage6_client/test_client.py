"""The client without network and waiting: the test plays the server, the connection and the clock. TCP at the end."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.error import ConnectError, ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from ..wire import PENDING, every_chunking, outcome
from .client import Client
from .conversation import URL, ClientTestCase
from .messages import LONGEST_HEAD, BadAnswer, BrokenOff, Response, TooLong, TooManyRedirects

DONE, LOST, ABORTED = (Failure(e()) for e in (ConnectionDone, ConnectionLost, ConnectionAborted))


class ClientTests(ClientTestCase):
    """Your tests. Write your list first, in list.md."""
