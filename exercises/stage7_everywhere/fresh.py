"""A fresh reactor for one test: made, run within a bound, and undone. Nothing here is to be edited."""

import asyncio
import contextlib
import signal
import sys
from importlib import import_module
from typing import Any

import twisted.internet
from twisted.internet import task
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost, DNSLookupError, ReactorNotRestartable
from twisted.internet.interfaces import IResolverSimple
from twisted.python import log
from twisted.python.failure import Failure
from zope.interface import implementer

from .families import FAMILIES, NAME
from .leftovers import Before, in_reactor

# By name: the module, and the class in it.
REACTORS = {
    "select": ("twisted.internet.selectreactor", "SelectReactor"),
    "poll": ("twisted.internet.pollreactor", "PollReactor"),
    "epoll": ("twisted.internet.epollreactor", "EPollReactor"),
    "kqueue": ("twisted.internet.kqreactor", "KQueueReactor"),
    "iocp": ("twisted.internet.iocpreactor.reactor", "IOCPReactor"),
    "asyncio": ("twisted.internet.asyncioreactor", "AsyncioSelectorReactor"),
}
PLATFORMS = {
    "linux": ["select", "poll", "epoll", "asyncio"],
    "darwin": ["select", "kqueue", "asyncio"],
    "win32": ["select", "iocp", "asyncio"],
}
HERE = PLATFORMS.get(sys.platform, ["select", "poll", "kqueue", "asyncio"])
LOGGED = "an error was logged"
ONCE = "A test may run its reactor once: do all of it in one run, or write two tests."
GLOBAL = "twisted.internet.reactor"
SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGCHLD", "SIGBREAK")
    if hasattr(signal, name)
]


def lacks(name: str) -> str:
    """Why this machine cannot have a reactor of that name; '' where it can."""
    try:
        import_module(REACTORS[name][0])
    except ImportError as error:
        return f"no {name} reactor here: {error}"
    return ""


class Fresh:
    """A real reactor that nothing has used yet, and a family of connections for it.

    ``where`` has the names of both. ``limit``: seconds that the reactor may run. ``real``: the reactor. ``ended``: why its
    run was ended from here, in words; '' where it was not.
    """

    def __init__(self, where: tuple[str, str], limit: float) -> None:
        self._before = Before()
        name, self.family = where[0], FAMILIES[where[1]]()
        self._signals = {number: signal.getsignal(number) for number in SIGNALS}
        self._loop = asyncio.SelectorEventLoop() if name == "asyncio" else None
        make = getattr(import_module(REACTORS[name][0]), REACTORS[name][1])
        self.real: Any = make(self._loop) if self._loop else make()
        self.real.installResolver(Names())
        self.ended, self._told = "", False
        # Whoever runs it, and however it is stopped: it does not run longer than this.
        self._limit, self._bound = limit, self.real.callLater(limit, self._too_long)
        # Some parts of Twisted, TLS for one, ask for the reactor of the process. For this test it is this one.
        self._global: Any = sys.modules.get(GLOBAL)
        sys.modules[GLOBAL] = twisted.internet.reactor = self.real
        # So does the cooperator, by which TLS runs pull producers: it would wait for a reactor that is no more.
        self._cooperator, task._theCooperator = task._theCooperator, task.Cooperator()

    def run(self) -> bool:
        """Run it until it is stopped, or too long, or an error is logged. False, if it was too long.

        Raises:
            RuntimeError: it has run before.
        """

        def error_logged(event: dict[str, Any]) -> None:
            if event.get("isError"):
                # It may have been logged in another thread.
                self.real.callFromThread(self._end, LOGGED)

        log.addObserver(error_logged)
        try:
            # The signals are trial's.
            self.real.run(installSignalHandlers=False)
        except ReactorNotRestartable:
            raise RuntimeError(ONCE) from None
        finally:
            log.removeObserver(error_logged)
        self._told = True
        return self.ended in ("", LOGGED)

    def _too_long(self) -> None:
        still = "; ".join(in_reactor(self.real, self._bound)) or "nothing"
        self._end(f"nothing had stopped it after {self._limit:g} s. In it: {still}")

    def _end(self, why: str) -> None:
        self.ended = self.ended or why
        # Not stop(): that waits for what the test may have asked it to wait for.
        self.real.crash()

    def undo(self) -> list[str]:
        """Close all that it has, put back what it replaced, and say what was left: in it, and in the process."""
        real = self.real
        left = in_reactor(real, self._bound)
        for call in real.getDelayedCalls():
            call.cancel()
        # Its threads end with this, where it never ran, or was not stopped.
        real.fireSystemEvent("shutdown")
        real.disconnectAll()
        with contextlib.suppress(AttributeError):
            real._uninstallHandler()
        # Nothing else closes these (Twisted's ticket #3063).
        for reader in list(real._internalReaders):
            real.removeReader(reader)
            reader.connectionLost(Failure(ConnectionLost()))
        for poller in (getattr(real, "_poller", None), getattr(real, "_kq", None), self._loop):
            with contextlib.suppress(AttributeError):
                poller.close()  # type: ignore[union-attr]
        for number, handler in self._signals.items():
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        self._put_back()
        self.family.close()
        if self.ended:
            # What is left is no news; but whoever has run it by other means has not been told.
            return [] if self._told else [self.ended]
        return left + self._before.more()

    def _put_back(self) -> None:
        task._theCooperator = self._cooperator
        del sys.modules[GLOBAL], twisted.internet.reactor
        if self._global is not None:
            sys.modules[GLOBAL] = twisted.internet.reactor = self._global


@implementer(IResolverSimple)
class Names:
    """Knows one name, with no network and no thread."""

    def getHostByName(self, name: str, timeout: object = ()) -> "Deferred[str]":
        """A Deferred of the address."""
        return succeed("127.0.0.1") if name == NAME else fail(DNSLookupError(name))
