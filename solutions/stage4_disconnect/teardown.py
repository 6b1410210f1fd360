"""Ending what a test has opened, and waiting until all of it is over.

A test that opened a port and a connection has three things to wait for: the port, the client's side, the server's side.
Each ends by an event of its own, and asking for it is not the event.
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
    """From now on, each call of thing's method of that name is followed by do(), even if it raises.

    So a test can hear of an event in any protocol or factory, without a line in the program that it tests.
    """
    method = getattr(thing, name)

    def both(*args: object) -> object:
        try:
            return method(*args)
        finally:
            do()

    setattr(thing, name, both)


def stopped(port: IListeningPort) -> Deferred[None]:
    """Stop a port. The Deferred fires with None once it listens no more, or fails with what stopListening fails with."""
    ### BEGIN SOLUTION Step 1: stop the port, whether stopListening gives a Deferred or None
    return maybeDeferred(port.stopListening).addCallback(lambda _: None)
    ### END SOLUTION


def over(protocol: IProtocol) -> Deferred[None]:
    """A Deferred that fires with None once the protocol's connection is over, however it ended.

    Ask while the connection is there: of one that has ended already there is nothing to hear any more.
    """
    ### BEGIN SOLUTION Step 2: fire after the protocol's connectionLost
    ended: Deferred[None] = Deferred()
    after(protocol, "connectionLost", lambda: ended.callback(None))
    return ended
    ### END SOLUTION


def client_over(factory: ClientFactory) -> Deferred[None]:
    """A Deferred that fires with None once a client factory's first connection is over, or its attempt has failed.

    That is the other way to know of a client's end, where the test has the factory and a connector, and no protocol.
    """
    ### BEGIN SOLUTION Step 3: fire after clientConnectionLost, or after clientConnectionFailed
    ended: Deferred[None] = Deferred()

    def fire() -> None:
        if not ended.called:  # a factory may connect again
            ended.callback(None)

    after(factory, "clientConnectionLost", fire)
    after(factory, "clientConnectionFailed", fire)
    return ended
    ### END SOLUTION


def accepted(factory: Any) -> Deferred[Any]:
    """A Deferred that fires with the first protocol of a factory that is connected, as soon as it is.

    A client may be connected before the server has heard of it: so the server's side is waited for as well.
    """
    ### BEGIN SOLUTION Step 4: fire after the first connectionMade of a protocol that buildProtocol gives
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
    ### END SOLUTION


def all_of(ends: Iterable[Deferred[Any]]) -> Deferred[None]:
    """Wait for all of these. The Deferred fires with None after the last of them, in whichever order they fire.

    If any fails, it fails with the first failure of the list, after the last of them too: what is still open must be
    waited for all the same.
    """
    ### BEGIN SOLUTION Step 5: a Deferred, named waiting, that fires after the last of the ends
    waiting = DeferredList(list(ends), consumeErrors=True)
    ### END SOLUTION
    ### BEGIN SOLUTION Step 6: the first failure of the list, or None
    ### STARTER # Step 6: what fails is lost here, or is not waited for.
    ### STARTER return waiting.addCallback(lambda results: None)

    def report(results: list[tuple[bool, Any]]) -> Failure | None:
        return next((result for good, result in results if not good), None)

    return waiting.addCallback(report)
    ### END SOLUTION


@dataclass
class Side:
    """One side of a connection: what it is called, when it is over, and how to end it.

    over: fires with None once the side is over. close: asks it to end, when what was written is sent.
    abort: ends it without asking the peer, where there is a way to do that.
    """

    name: str
    over: Deferred[None]
    close: Callable[[], object]
    abort: Callable[[], object]


def by_protocol(name: str, protocol: Any) -> Side:
    """A side of which the test has the protocol, connected already."""
    ### BEGIN SOLUTION Step 7: over, loseConnection and abortConnection
    transport = protocol.transport
    abort = getattr(transport, "abortConnection", transport.loseConnection)
    return Side(name, over(protocol), transport.loseConnection, abort)
    ### END SOLUTION


def by_connector(name: str, connector: IConnector, factory: ClientFactory) -> Side:
    """A client's side of which the test has the connector, connected or still connecting. It has no way to abort."""
    ### BEGIN SOLUTION Step 7: client_over and disconnect
    return Side(name, client_over(factory), connector.disconnect, connector.disconnect)
    ### END SOLUTION


def take_off(result: Any, call: IDelayedCall) -> Any:
    """A callback or errback that takes a call off its clock, if it is still to come, and passes the result on."""
    if call.active():
        call.cancel()
    return result


class NotOver(Exception):
    """A teardown has waited long enough; it says for what."""


def tear_down(
    port: IListeningPort | None,
    sides: Iterable[Side],
    clock: IReactorTime,
    grace: float = 1.0,
    limit: float = 3.0,
) -> Deferred[None]:
    """Stop the port, end each side that is not over, and wait for all of it.

    port: None where none was opened. sides: as many as there are, none where none came to be.
    grace: after so many seconds on the clock, sides that are not over are aborted.
    limit: after so many, more than grace, the Deferred fails with NotOver, which names what has not ended.

    A close that raises, or a port that fails, keeps nothing else from ending; the Deferred fails with the first such failure
    after all have ended.
    """
    sides = list(sides)
    ends: list[tuple[str, Deferred[Any]]] = []  # what is waited for, each with its name
    ### BEGIN SOLUTION Step 8: stop the port, close each side that is not over, and let waiting be all of their ends
    if port is not None:
        ends.append(("the port", stopped(port)))
    raised: list[Failure] = []  # by requests, in their order
    for side in sides:
        ends.append((side.name, side.over))
        if not side.over.called:
            maybeDeferred(side.close).addErrback(raised.append)
    waiting = all_of(end for _, end in ends)
    waiting.addCallback(lambda _: next(iter(raised), None))
    ### END SOLUTION
    ### BEGIN SOLUTION Step 9: abort what is not over after the grace
    ### STARTER # Step 9: a side whose peer does not read never ends.

    def abort() -> None:
        for side in sides:
            if not side.over.called:
                maybeDeferred(side.abort).addErrback(raised.append)

    aborting = clock.callLater(grace, abort)
    waiting.addBoth(take_off, aborting)
    ### END SOLUTION
    ### BEGIN SOLUTION Step 10: fail after the limit, and say what has not ended
    ### STARTER return waiting  # Step 10: an end that never comes is waited for, for ever.
    done: Deferred[None] = Deferred()
    late = [name for name, _ in ends]

    def note(_: object, name: str) -> None:
        late.remove(name)

    for name, end in ends:
        end.addBoth(note, name)  # waiting comes first, and has the result

    def give_up() -> None:
        named = ", ".join(late)
        done.errback(NotOver(f"{limit:g} s after the teardown began, not over: {named}"))

    giving_up = clock.callLater(limit, give_up)
    waiting.addBoth(take_off, giving_up)
    # What ends after the limit has nobody to tell.
    waiting.addBoth(lambda result: None if done.called else done.callback(result))
    return done
    ### END SOLUTION
