"""Two services are stopped while two clients are connected: what has ended when the stop has. On fakes."""

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from exercises.stage8_daemon.helpers import FakeEndpoint, FakePort
from exercises.stage8_daemon.poetry_daemon import PoetryFactory, PoetryService
from workshop.pictures.base import (
    BOLD,
    GREEN,
    INK,
    MIDDLE,
    OUTLINE,
    PALE,
    PALE_GREEN,
    PALE_RED,
    RED,
    box,
    slide,
    word,
)

STEP, READS, LAST = 0.5, 2.0, 6.0
"""Seconds: between two looks; after which one client has read everything; of the picture."""

# In pixels: where the bars, second 0 and second LAST are, the heights of a heading, a lane, a bar.
BEGIN, ZERO, END, HEAD, LANE, BAR = 220, 300, 1040, 44, 38, 28
LOOKS = {
    "cut off": (PALE_RED, RED),
    "aborted": (PALE, INK),
    "closed": (PALE_GREEN, GREEN),
    "has all": (PALE_GREEN, GREEN),
}


def stop(make):
    """Stop a service with two clients. Returns when and how each lane ended, and when the stop did."""
    reactor, factory, port = MemoryReactorClock(), PoetryFactory(b"A poem."), FakePort()
    service = make(reactor, FakeEndpoint(port), factory)
    service.startService()
    over = {}
    sides = {}
    for name in ("client reads", "client stuck"):
        protocol, transport = factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        sides[name] = protocol, transport
    stopping = maybeDeferred(service.stopService)
    while reactor.seconds() <= LAST:
        now = reactor.seconds()
        if port.stopped:
            over.setdefault("port", (now, "closed"))
        for name, (protocol, transport) in sides.items():
            if name in over:
                continue
            if transport.disconnected:
                protocol.connectionLost(Failure(ConnectionAborted()))
                over[name] = now, "aborted"
            elif name == "client reads" and now >= READS:
                protocol.connectionLost(Failure(ConnectionDone()))
                over[name] = now, "has all"
        if stopping.called:
            return over, now
        reactor.advance(STEP)
    raise AssertionError("the stop is never over")


def twisteds_own(reactor, endpoint, factory):
    return StreamServerEndpointService(endpoint, factory)


def at(seconds):
    return ZERO + (END - ZERO) * seconds / LAST


def draw(y, title, over, end):
    """One run, from y on."""
    yield word(0, y + 30, title, BOLD)
    top = y + HEAD
    for n, name in enumerate(("port", "client reads", "client stuck")):
        y = top + n * LANE
        when, how = over.get(name, (end, "cut off"))
        cut = name not in over
        yield word(0, y + 29, name)
        fill, ink = LOOKS["cut off" if cut else how]
        yield box(BEGIN, y + 5, at(when) - BEGIN, BAR, fill, OUTLINE)
        yield word(at(when) + 14, y + 30, how, f'{BOLD} fill="{ink}"')
    yield f'<path d="M{at(end):g} {top}v{3 * LANE}" {OUTLINE} stroke-width="5"/>'
    yield word(at(end) + 2, top - 14, "the process ends", MIDDLE if end else "")


runs = [
    ("Waits for the port", *stop(twisteds_own)),
    ("Waits for all, and aborts after 5 s", *stop(PoetryService)),
]
parts, y = [], 0
for title, over, end in runs:
    parts += draw(y, title, over, end)
    y += HEAD + 3 * LANE + 16
ticks = range(round(LAST) + 1)
axis = "".join(f"M{at(tick):g} {y}v8" for tick in ticks)
parts.append(f'<path d="M{BEGIN} {y}H{at(LAST):g}{axis}" {OUTLINE} stroke-width="2" fill="none"/>')
parts += [word(at(tick), y + 36, str(tick), MIDDLE) for tick in ticks]
parts.append(word(BEGIN, y + 74, "seconds since stopService() was called"))
print(slide(y + 84, "What has ended when a stop has", parts), end="")
