"""End what a test has opened, and wait until all of it is over."""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, inlineCallbacks, maybeDeferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.task import deferLater

from ._things import NotTidy, Replaced, Thing, opened_at

_LINE = "It was aborted, and its connectionLost was not called: does its transport do that?"


def the_reactor() -> Any:
    """Return the reactor. Importing it installs one, so not before a test needs it."""
    from twisted.internet import reactor

    return reactor


def place(transport: Any, side: str) -> str:
    """Return an address of a transport, in short."""
    try:
        address = getattr(transport, side)()
    except Exception:  # a process has none
        return "?"
    host, name = getattr(address, "host", None), getattr(address, "name", None)
    return f"{host}:{address.port}" if isinstance(host, str) else str(name or address)


class Opened:
    """Ports, attempts, connections and the rest, of one test. `end` ends all of them."""

    def __init__(self) -> None:
        self._things: dict[int, Thing] = {}  # those that are not over
        self.lines: dict[int, Any] = {}  # [protocol] of those that are not over, by transport
        self._factories: dict[int, Any] = {}
        self.undo: list[Callable[[], None]] = []
        self.calls: list[Any] = []  # delayed calls, cancelled last: a protocol may cancel its own
        self._raised: list[str] = []
        self._timer: Any = None  # the next look of `end`
        self._ended = False

    def listen(self, endpoint: Any, protocolFactory: Any, site: str = "") -> Any:
        """Listen on a server endpoint. Returns a Deferred that fires with the port."""
        listening = self._begin("listen", endpoint, protocolFactory, opened_at(site))
        return listening.addCallback(self.port, opened_at(site))

    def connect(self, endpoint: Any, protocolFactory: Any, site: str = "") -> Any:
        """Connect to a client endpoint. Returns a Deferred that fires with the protocol."""
        return self._begin("connect", endpoint, protocolFactory, opened_at(site))

    def endpoint(self, endpoint: Any) -> Any:
        """Return an endpoint like this one, whose ports and connections end with the test."""
        mine, site = copy.copy(endpoint), opened_at()
        for verb in ("listen", "connect"):
            if hasattr(endpoint, verb):
                setattr(mine, verb, partial(getattr(self, verb), endpoint, site=site))
        return mine

    def watched(self, factory: Any, site: str = "") -> Any:
        """Watch the connections of a factory that something else opens. Returns the factory."""
        if id(factory) not in self._factories:
            self._factories[id(factory)], site = factory, opened_at(site)
            noted = lambda address: self._noted(build.before(address), site)  # noqa: E731
            build: Any = self.replace(factory, "buildProtocol", noted)
            if hasattr(factory, "stopTrying"):
                self.step(factory, site, factory.stopTrying)
        return factory

    def replace(self, thing: Any, name: str, new: Any) -> Any:
        """Replace a method until the test is over."""
        replaced = Replaced(thing, name, new)
        self.undo.append(replaced.put_back)
        return replaced

    def _begin(self, verb: str, endpoint: Any, factory: Any, site: str) -> Any:
        cancels: list[None] = []
        attempt: Any = getattr(endpoint, verb)(self.watched(factory, site))
        if not hasattr(attempt, "addBoth"):
            attempt = ensureDeferred(attempt)

        def ask() -> None:
            attempt.addErrback(lambda failure: None)  # the test is over, and will not handle it
            if not cancels:  # a second one would cut short what the first has begun
                attempt.cancel()

        def over(result: Any) -> Any:
            cancel.put_back()
            return thing.ended(result)

        cancel: Any = Replaced(attempt, "cancel", lambda: cancels.append(cancel.before()))
        name = partial("{} of {}".format, verb, endpoint)
        thing = Thing(name, site, ask, attempt.cancel, "Cancelling does not end it.")
        attempt.addBoth(over)
        self.add(thing)
        return attempt

    def _noted(self, protocol: Any, site: str) -> Any:
        def make_connection(transport: Any) -> Any:
            made.put_back()
            self.line(protocol, transport, site)
            return protocol.makeConnection(transport)

        if protocol is not None:
            made = Replaced(protocol, "makeConnection", make_connection)
        return protocol

    def line(self, protocol: Any, transport: Any, site: str) -> None:
        """Note a connection: over when its transport is, whatever protocol it has by then."""
        if id(transport) in self.lines:
            self.lines[id(transport)][0] = protocol  # a wrapper came first
            return
        line = self.lines[id(transport)] = [protocol]
        ends = " to ".join(place(transport, side) for side in ("getHost", "getPeer"))
        # A wrapper passes on the method of another object, which nobody calls on the wrapper.
        real = getattr(getattr(transport, "connectionLost", 0), "__self__", 0) is transport
        thing = Thing(lambda: f"the connection of {line[0]} from {ends}", site, None, None, _LINE)
        thing.over.addCallback(lambda _: self.lines.pop(id(transport)) and None)
        self.ends_with(thing, transport, transport if real else protocol, "connectionLost")

    def ends_with(self, thing: Thing, transport: Any, hears: Any, method: str) -> None:
        """Note a connection or a process: over after a call of the method of what hears of its end."""

        def end(how: str, signal: str) -> None:
            if not thing.hook.intact():  # the test has replaced it: the end may have come unheard
                thing.ends_with(hears, method)
                if getattr(transport, "pid", 0) is None:
                    return thing.ended()  # type: ignore[no-any-return]
            getattr(transport, how, transport.loseConnection)()
            if IProcessTransport.providedBy(transport):
                with suppress(ProcessExitedAlready):
                    transport.signalProcess(signal)

        thing.ask = partial(end, "loseConnection", "TERM")
        thing.force = partial(end, "abortConnection", "KILL")
        thing.ends_with(hears, method)
        self.add(thing)

    def port(self, port: Any, site: str) -> Any:
        """Note a port. Returns it."""
        self.stops("the port", port, "stopListening", site, 1)
        return port

    def stops(self, what: str, thing: Any, name: str, site: str, order: int = 0) -> None:
        """Note a thing that this method ends, which is called once, and waited for."""
        stops: list[Any] = []  # the Deferred of the latest call, until it fires

        def stop() -> Any:
            if stops:
                return stops[0]
            stopping = method.before()
            if hasattr(stopping, "addBoth"):
                stops.append(stopping)
                stopping.addBoth(lambda result: result if stops.pop() else None)
                if order:  # a service may start again
                    stopping.addBoth(noted.ended)
            return stopping

        def ask() -> Any:
            if stops or getattr(thing, "running", True):
                return maybeDeferred(getattr(thing, name)).addBoth(noted.ended)
            return noted.ended()

        advice = f"Its {name}() has not finished: end what that waits for."
        noted = Thing(lambda: f"{what} {thing}", site, ask, None, advice, order)
        method = Replaced(thing, name, stop)
        noted.over.addCallback(lambda _: method.put_back())
        self.add(noted)

    def step(self, what: Any, site: str, do: Any, order: int = 0, until: Any = None) -> None:
        """Note what to do when the test ends. It is over when `until` fires, or what do() returns."""
        ask: Any = do if until else lambda: maybeDeferred(do).addBoth(thing.ended)
        thing: Thing = Thing(partial(str, what), site, ask, None, "End what it waits for.", order)
        if until:
            until.addBoth(thing.ended)
        self.add(thing)

    def add(self, thing: Thing) -> None:
        """Remember a thing until it is over."""
        self._things[id(thing)] = thing
        thing.over.addCallback(lambda _: self._look(self._things.pop(id(thing))))
        self._look(thing)
        if self._ended and not thing.over.called:  # a later test would be blamed
            self._try(thing, thing.ask)

    def _look(self, changed: Thing) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.reset(0)

    def _try(self, thing: Thing, do: Any) -> None:
        def note(failure: Any) -> None:
            why = f"{failure.type.__name__}: {failure.getErrorMessage()}"
            self._raised.append(f"{why}, raised when this was to end: {thing.describe()}")

        maybeDeferred(do).addErrback(note)

    @inlineCallbacks
    def end(self, grace: float, limit: float) -> Generator[Deferred[None], object, None]:
        """End everything. Fires when all of it is over, or fails after the limit, with the names."""
        clock = the_reactor()
        begun = now = clock.seconds()
        # The test may have ended inside of a call of the program's, so begin in the next turn.
        yield deferLater(clock, 0)
        while self._things and now < begun + limit:
            looked: Deferred[None] = Deferred()  # fires earlier if anything changes meanwhile
            self._timer = clock.callLater(min(grace, begun + limit - now), looked.callback, None)
            order = min(thing.order for thing in self._things.values())
            for thing in list(self._things.values()):
                if not thing.asked and (thing.order <= order or now >= begun + grace):
                    thing.asked = now
                    self._try(thing, thing.ask)
                elif thing.asked and thing.force and now >= thing.asked + grace:
                    force, thing.force = thing.force, None
                    self._try(thing, force)
            yield looked
            now = clock.seconds()
        self._ended = True
        for undo in [call.cancel for call in self.calls if call.active()] + self.undo[::-1]:
            undo()
        left = filter(None, [thing.describe(thing.advice) for thing in self._things.values()])
        said = [f"not over {limit:g} s after the test: {one}" for one in left] + self._raised
        if said:
            raise NotTidy("\n".join(said))
