"""The contract that each reactor keeps, over each kind of connection."""

import gc
import threading
import weakref
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.interfaces import IConnector
from twisted.internet.protocol import ClientFactory, Protocol, ServerFactory
from twisted.python.context import get
from twisted.python.log import ILogContext
from twisted.trial.unittest import SkipTest
from zope.interface.verify import verifyObject

from .everywhere import Somewhere, everywhere
from .sides import ClosingSide, Side


class Connecting(Somewhere):
    """How connections begin, or do not: promises 1 to 6."""


class Ending(Somewhere):
    """While a connection lasts, and when it is over: promises 7 to 11."""


class Running(Somewhere):
    """The reactor itself: promises 12 and 13."""


# This must stay the last line: it builds the test cases.
globals().update(everywhere(globals()))
