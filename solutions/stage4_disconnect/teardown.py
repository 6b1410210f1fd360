"""End what a test has opened, and wait until all of it is over.

A test that opened a port and a connection has three things to wait for: the port, the client's side, the server's side.
Each ends with an event of its own, which comes later than the call that asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IListeningPort,
    IProtocol,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory
from twisted.python.failure import Failure


def after(thing: Any, name: str, do: Callable[..., object]) -> None:
    """Call do() after each call of this one object's method of that name, even if the method raises.

    So a test can learn of an event in any protocol or factory without a change to the program that it tests.
    """
    method = getattr(thing, name)

    def both(*args: object, **named: object) -> object:
        try:
            return method(*args, **named)
        finally:
            do()

    setattr(thing, name, both)


def once(port: Any) -> None:
    """Let port.stopListening() be called again while the port closes, after which a real port would fail.

    The first call returns or raises what it did before. Further ones, until then, wait for the same end.
    """
    stop = port.stopListening
    waiting: list[Deferred[None]] | None = None  # Deferreds of further calls, while the port closes

    def ended(result: Any) -> Any:
        nonlocal waiting
        fired, waiting = waiting or [], None
        for again in fired:
            again.callback(None)
        return result

    def stop_once() -> Any:
        nonlocal waiting
        if waiting is not None:
            waiting.append(Deferred())
            return waiting[-1]
        stopping = stop()
        if isinstance(stopping, Deferred):
            waiting = []
            stopping.addBoth(ended)
        return stopping

    port.stopListening = stop_once


def stopped(port: IListeningPort) -> Deferred[None]:
    """Stop a port. Returns a Deferred that fires with None when the port has stopped, or fails as stopListening does."""
    once(port)
    ### BEGIN SOLUTION Step 1: stop the port
    return maybeDeferred(port.stopListening).addCallback(lambda _: None)
    ### END SOLUTION


def over(protocol: IProtocol) -> Deferred[None]:
    """Return a Deferred that fires with None after the protocol's connection has ended, however it ended.

    Call this while the connection is there: connectionLost comes once.
    """
    ### BEGIN SOLUTION Step 2: fire after connectionLost
    ended: Deferred[None] = Deferred()
    after(protocol, "connectionLost", lambda: ended.callback(None))
    return ended
    ### END SOLUTION


def client_over(factory: ClientFactory) -> Deferred[None]:
    """Return a Deferred that fires with None after a client factory's connection has ended, or its attempt has failed.

    For a test that has the factory and a connector, and no protocol.
    """
    ### BEGIN SOLUTION Step 3: fire after clientConnectionLost or clientConnectionFailed
    ended: Deferred[None] = Deferred()

    def fire() -> None:
        if not ended.called:  # a factory may connect again
            ended.callback(None)

    after(factory, "clientConnectionLost", fire)
    after(factory, "clientConnectionFailed", fire)
    return ended
    ### END SOLUTION


def accepted(factory: Any) -> Deferred[Any]:
    """Return a Deferred that fires with the first protocol of a server's factory, as soon as that is connected.

    A client may be connected before its server has heard of it.
    """
    first: Deferred[Any] = Deferred()
    build = factory.buildProtocol

    def fire(protocol: Any) -> None:
        if not first.called:
            first.callback(protocol)

    def build_and_watch(address: Any) -> Any:
        protocol = build(address)
        if protocol is not None:
            after(protocol, "connectionMade", lambda: fire(protocol))
        return protocol

    factory.buildProtocol = build_and_watch
    return first


def all_of(ends: Iterable[Deferred[Any]]) -> Deferred[None]:
    """Return a Deferred that fires with None after the last of these, in whatever order they fire.

    If any of them fails, it fails with the first failure in the list, also after the last of them.
    """
    waiting = DeferredList(list(ends), consumeErrors=True)
    ### BEGIN SOLUTION Step 6: fail with the first failure in the list
    ### STARTER # Step 6: failures
    ### STARTER return waiting.addCallback(lambda results: None)

    def report(results: list[tuple[bool, Any]]) -> Failure | None:
        return next((result for good, result in results if not good), None)

    return waiting.addCallback(report)
    ### END SOLUTION


@dataclass
class Side:
    """One side of a connection: its name, when it is over, and how to end it.

    over: fires with None when the side is over. close: asks it to end once everything written has been sent.
    abort: asks it to end without waiting for the peer, if the side can do that.
    """

    name: str
    over: Deferred[None]
    close: Callable[[], object]
    abort: Callable[[], object]


def by_protocol(name: str, protocol: Any) -> Side:
    """Make a side from its protocol, which is connected already."""
    ### BEGIN SOLUTION Step 7: over, loseConnection and abortConnection
    transport = protocol.transport
    abort = getattr(transport, "abortConnection", transport.loseConnection)
    return Side(name, over(protocol), transport.loseConnection, abort)
    ### END SOLUTION


def by_connector(name: str, connector: IConnector, factory: ClientFactory) -> Side:
    """Make a client's side from its connector, connected or still connecting. IConnector has no abort."""
    ### BEGIN SOLUTION Step 7: client_over and disconnect
    return Side(name, client_over(factory), connector.disconnect, connector.disconnect)
    ### END SOLUTION


def take_off(result: Any, call: IDelayedCall) -> Any:
    """Cancel a delayed call that is still due, and pass the result on: a callback and errback."""
    if call.active():
        call.cancel()
    return result


class NotOver(Exception):
    """Something has not ended within the limit. The message has the names."""


def tear_down(
    port: IListeningPort | None,
    sides: Iterable[Side],
    clock: IReactorTime,
    grace: float = 1.0,
    limit: float = 3.0,
) -> Deferred[None]:
    """Stop the port, end each side that is not over, and wait for all of them.

    port: None if there is none. sides: any number of them.
    grace: after this many seconds on the clock, sides that are not over are aborted.
    limit: after this many, more than grace, the Deferred fails with NotOver, which names what has not ended.

    If a close raises, or the port fails, everything else is still ended, and then the Deferred fails with the first failure.
    """
    sides = list(sides)
    ends: list[tuple[str, Deferred[Any]]] = []  # a name and a Deferred for each thing to wait for
    ### BEGIN SOLUTION Step 8: stop the port, close the sides, and let waiting fire after all of their ends
    if port is not None:
        ends.append(("the port", stopped(port)))
    raised: list[Failure] = []  # in the order of the requests
    for side in sides:
        ends.append((side.name, side.over))
        if not side.over.called:
            try:
                side.close()
            except Exception:
                raised.append(Failure())
    waiting = all_of(end for _, end in ends)
    waiting.addCallback(lambda _: next(iter(raised), None))
    ### END SOLUTION
    ### BEGIN SOLUTION Step 9: abort each side that is not over after the grace
    ### STARTER # Step 9: the grace

    def abort() -> None:
        waiting.pause()  # an abort may end the last side, and then raise
        for side in sides:
            if not side.over.called:
                try:
                    side.abort()
                except Exception:
                    raised.append(Failure())
        waiting.unpause()

    aborting = clock.callLater(grace, abort)
    waiting.addBoth(take_off, aborting)
    ### END SOLUTION
    ### BEGIN SOLUTION Step 10: fail after the limit, and name what has not ended
    ### STARTER return waiting  # Step 10: the limit
    done: Deferred[None] = Deferred()
    late = [name for name, _ in ends]

    def note(_: object, name: str) -> None:
        late.remove(name)

    for name, end in ends:
        end.addBoth(note, name)  # waiting was added first, and has the result

    def give_up() -> None:
        named = ", ".join(late)
        done.errback(NotOver(f"{limit:g} s after the teardown began, not over: {named}"))

    giving_up = clock.callLater(limit, give_up)
    waiting.addBoth(take_off, giving_up)
    # After the limit, done has fired already.
    waiting.addBoth(lambda result: None if done.called else done.callback(result))
    return done
    ### END SOLUTION
