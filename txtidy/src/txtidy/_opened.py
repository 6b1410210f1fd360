"""End what a test has opened, and wait until all of it is over."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict, List

from twisted.internet.defer import Deferred, ensureDeferred, fail, maybeDeferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.python.failure import Failure

from ._things import NotTidy, Replaced, Thing, opened_at

_LINE = "Its connectionLost never came, though it was aborted: does the transport call it?"
_ATTEMPT = "It was cancelled, and goes on: its canceller must end it."


def the_reactor() -> Any:
    """Return the reactor, even if a test has patched its name in twisted.internet."""
    import sys

    from twisted.internet import reactor

    return sys.modules.get("twisted.internet.reactor", reactor)


def place(address: Any) -> str:
    """Return an address in short."""
    host, name = getattr(address, "host", None), getattr(address, "name", None)
    return f"{host}:{address.port}" if isinstance(host, str) else str(name or address)


class Opened:
    """Ports, attempts, connections and the rest, of one test. `end` ends all of them."""

    def __init__(self) -> None:
        self._things: Dict[int, Thing] = {}  # not over
        self._lines: Dict[int, Any] = {}  # connections not over, by transport
        self._factories: Dict[int, Any] = {}
        self.undo: List[Callable[[], None]] = []
        self.calls: List[Any] = []
        self._raised: List[str] = []
        self._asked = 0  # asked, and not over
        self._ending: Any = None  # a Deferred, once end was called

    def listen(self, endpoint: Any, factory: Any, site: str = "") -> Deferred[Any]:
        """Listen on a server endpoint. Returns a Deferred that fires with the port."""
        site = opened_at(site)
        self.watched(factory, site)
        listening = self._begun(lambda: endpoint.listen(factory), f"listening on {endpoint}", site)
        return listening.addCallback(self.port, site)

    def connect(self, endpoint: Any, factory: Any, site: str = "") -> Deferred[Any]:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol."""
        site = opened_at(site)
        self.watched(factory, site)
        return self._begun(lambda: endpoint.connect(factory), f"connecting to {endpoint}", site)

    def watched(self, factory: Any, site: str = "") -> Any:
        """Watch the connections of a factory that something else opens. Returns the factory."""
        site = opened_at(site)
        if id(factory) not in self._factories:
            build = Replaced(
                factory, "buildProtocol", lambda address: self._noted(build, address, site)
            )
            self.undo.append(build.put_back)
            self._factories[id(factory)] = factory
            if hasattr(factory, "stopTrying"):
                self.step(f"{factory}", site, factory.stopTrying, 0)
        return factory

    def _begun(self, start: Callable[[], Any], what: str, site: str) -> Any:
        """Start an attempt, and remember it until it has its result."""
        try:
            self.must_be_open(what, site)
        except NotTidy:
            return fail()
        cancels: List[str] = []
        attempt: Any = start()
        if not hasattr(attempt, "addBoth"):
            attempt = ensureDeferred(attempt)

        def cancelled() -> None:
            cancels.append("by the test")
            cancel.before()

        def ask() -> None:
            attempt.addErrback(lambda failure: None)  # the test is over, and will not handle it
            if not cancels:  # a second one would cut short how the first is obeyed
                attempt.cancel()

        def over(result: Any) -> Any:
            cancel.put_back()  # a Deferred in a cycle would report its failure in a later test
            return thing.ended(result)

        cancel = Replaced(attempt, "cancel", cancelled)
        thing = Thing(lambda: what, site, ask, attempt.cancel, _ATTEMPT)
        attempt.addBoth(over)
        self.add(thing)
        return attempt

    def _noted(self, build: Replaced, address: Any, site: str) -> Any:
        """Build a protocol, and note its connection when it is made."""
        protocol = build.before(address)
        if protocol is None:
            return None

        def make_connection(transport: Any) -> Any:
            made.put_back()
            self.line(protocol, transport, site)
            return protocol.makeConnection(transport)

        made = Replaced(protocol, "makeConnection", make_connection)
        return protocol

    def line(self, protocol: Any, transport: Any, site: str) -> None:
        """Note a connection: over when its transport is, whatever protocol it has by then."""
        if id(transport) in self._lines:
            self._lines[id(transport)][0] = protocol  # the one inside of a wrapper
            return
        entry = self._lines[id(transport)] = [protocol, transport]
        ends = []
        for side in ("getHost", "getPeer"):
            try:  # now, since a connection that is over has none
                ends.append(place(getattr(transport, side)()))
            except Exception:  # that of a process raises
                ends.append("?")
        thing = Thing(
            lambda: f"the connection of {entry[0]} from {ends[0]} to {ends[1]}",
            site,
            lambda: close(lambda: lose(transport)),
            lambda: close(lambda: abort(transport)),
            _LINE,
        )

        def close(how: Callable[[], object]) -> None:
            hook: Any = thing.hook
            if not hook.intact():  # the test has put its own in place; the end may be missed by now
                thing.ends_with(hook.thing, hook.name)
                if getattr(transport, "pid", 0) is None:
                    thing.ended()
                    return
            how()
            if hook.thing is protocol and gone(transport):
                thing.ended()

        real = inspect.ismethod(getattr(transport, "connectionLost", None))
        thing.ends_with(transport if real else protocol, "connectionLost")
        thing.over.addCallback(lambda _: self._lines.pop(id(transport)) and None)
        self.add(thing)

    def port(self, port: Any, site: str) -> Any:
        """Note a port. Returns it."""
        self.stops("the port", port, "stopListening", site)
        return port

    def stops(
        self, what: str, thing: Any, name: str, site: str, running: Callable[[], object] = lambda: 1
    ) -> None:
        """Note a thing whose method of this name ends it: called once, and waited for."""
        stops: List[Any] = []  # the latest, while it goes on

        def stop(*args: Any, **more: Any) -> Any:
            if stops:
                again: Deferred[None] = Deferred()
                stops[0].addBoth(lambda result: again.callback(None) or result)  # type: ignore
                return again
            stopping = method.before(*args, **more)
            if hasattr(stopping, "addBoth"):
                stops.append(stopping)
                stopping.addBoth(lambda result: stops.clear() or result)
                if name == "stopListening":  # a service may start again
                    stopping.addBoth(one.ended)
            return stopping

        def ask() -> Any:
            if stops:
                return stops[0].addBoth(one.ended)
            if not running():
                return one.ended()
            return maybeDeferred(getattr(thing, name)).addBoth(one.ended)

        order = 1 if name == "stopListening" else 0
        advice = f"The Deferred of its {name}() has not fired."
        one = Thing(lambda: f"{what} {thing}", site, ask, advice=advice, order=order)
        method = Replaced(thing, name, stop)
        one.over.addCallback(lambda _: method.put_back())
        self.add(one)

    def must_be_open(self, what: str, site: str) -> None:
        """Refuse what a program begins when its test is over: a later test would be blamed."""
        if self._ending is not None and self._ending.called:
            raise NotTidy(f"{what}, opened at {site}, began after its test was over.")

    def has_line(self, transport: Any) -> bool:
        """Whether a transport's connection is noted, and not over."""
        return id(transport) in self._lines

    def step(self, what: str, site: str, do: Callable[[], Any], order: int) -> None:
        """Note something to do when the test ends. A Deferred that it returns is waited for."""
        thing = Thing(
            lambda: what, site, lambda: maybeDeferred(do).addBoth(thing.ended), order=order
        )
        thing.advice = f"{getattr(do, '__name__', 'its end')}() has not ended."
        self.add(thing)

    def add(self, thing: Thing) -> None:
        """Remember a thing until it is over."""
        if not thing.over.called:
            self._things[id(thing)] = thing
            thing.over.addCallback(self._over, thing)
            self._go_on(new=True)
            if self._ending is not None and self._ending.called:  # too late: nobody waits
                self._try(thing, thing.ask)

    def _over(self, _: None, thing: Thing) -> None:
        del self._things[id(thing)]
        self._asked -= thing.asked
        self._go_on()

    def end(self, grace: float, limit: float) -> Deferred[None]:
        """End everything. Fires when it is over, or fails after the limit, with all the names."""
        clock = the_reactor()
        self._ending = done = Deferred()
        self._limit, self._forcing, self._order = limit, False, 0

        def force() -> None:
            self._forcing = True
            self._timers[1] = clock.callLater(grace, force)  # for what is asked only now
            for thing in list(self._things.values()):
                if thing.asked and not thing.forced:
                    thing.forced = True
                    self._try(thing, thing.force)
            self._go_on()

        # The test may have ended within a call of the program that it tests: so in the next turn.
        waits = {0: self._go_on, grace: force, limit: self._finish}
        self._timers = [clock.callLater(wait, do) for wait, do in waits.items()]
        return done

    def _try(self, thing: Thing, do: Callable[[], Any]) -> None:
        """Do it. If it raises, the rest is still ended, and the message has it."""

        def note(failure: Failure) -> None:
            why = f"{failure.type.__name__}: {failure.getErrorMessage()}"
            self._raised.append(f"{why}, raised when this was to end: {thing.describe()}")

        maybeDeferred(do).addErrback(note)

    def _go_on(self, new: bool = False) -> None:
        """Ask what may be asked now, and finish if nothing is left."""
        if self._ending is None or self._ending.called:
            return
        while new or self._forcing or not self._asked:
            new = False
            left = [thing for thing in self._things.values() if not thing.asked]
            if left and not self._asked:
                self._order = min(thing.order for thing in left)
            now = [thing for thing in left if thing.order <= self._order or self._forcing]
            if not now:
                break
            for thing in now:
                thing.asked = True
            self._asked += len(now)
            for thing in now:
                if not thing.over.called:
                    self._try(thing, thing.ask)
        if not self._things:
            self._finish()

    def _finish(self) -> None:
        if self._ending.called:
            return
        for call in self._timers + self.calls:
            if call.active():
                call.cancel()
        for undo in reversed(self.undo):
            undo()
        left = filter(None, [thing.describe(thing.advice) for thing in self._things.values()])
        told = [f"not over {self._limit:g} s after the test: {one}" for one in left] + self._raised
        if told:
            self._ending.errback(NotTidy("\n".join(told)))
        else:
            self._ending.callback(None)


def lose(transport: Any) -> None:
    """Ask a connection to end, or a process."""
    transport.loseConnection()
    signal(transport, "TERM")


def abort(transport: Any) -> None:
    """End a connection without waiting for its peer, or kill a process."""
    getattr(transport, "abortConnection", transport.loseConnection)()
    signal(transport, "KILL")


def signal(transport: Any, name: str) -> None:
    """Send a signal to a process that has not ended. Other transports take none."""
    if IProcessTransport.providedBy(transport):
        try:
            transport.signalProcess(name)
        except ProcessExitedAlready:
            pass


def gone(transport: Any) -> bool:
    """Whether a transport that has no connectionLost of its own says that it is over."""
    return (
        getattr(transport, "connected", True) in (False, 0)
        or getattr(transport, "disconnected", False) is True
    )
