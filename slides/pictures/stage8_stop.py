"""Two services are stopped while two clients are connected: what has ended when the stop has. On fakes."""

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from exercises.stage8_daemon.helpers import FakeEndpoint, FakePort
from exercises.stage8_daemon.poetry_daemon import PoetryFactory, PoetryService

STEP, READS, LAST = 0.5, 2.0, 6.0
"""Seconds: between two looks; after which one client has read everything; of the picture."""

# In pixels: the picture's width, where the bars, second 0 and second LAST are, the heights of a heading, a lane, a bar.
WIDTH, BEGIN, ZERO, END, HEAD, LANE, BAR = 1200, 300, 380, 1040, 46, 44, 30
INK, OVER, CUT, LATE = "#1f2328", "#dbe9f6", "#ffd8b5", "#9a3c00"


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


def text(x, y, words, style=""):
    return f'<text x="{x:g}" y="{y:g}"{style}>{words}</text>'


def draw(y, title, over, end):
    """One run, from y on."""
    yield text(0, y + 30, title, ' font-weight="bold"')
    top = y + HEAD
    for n, name in enumerate(("port", "client reads", "client stuck")):
        y = top + n * LANE
        when, how = over.get(name, (end, "cut off"))
        cut = name not in over
        yield text(0, y + 30, name)
        yield (
            f'<rect x="{BEGIN}" y="{y + 7}" width="{at(when) - BEGIN:g}" height="{BAR}"'
            f' fill="{CUT if cut else OVER}" stroke="{INK}"/>'
        )
        style = f' font-weight="bold" fill="{LATE}"' if cut else ""
        yield text(at(when) + 14, y + 31, how, style)
    yield (
        f'<path d="M{at(end):g} {top}v{3 * LANE}" stroke="{INK}" stroke-width="5"/>'
        + text(at(end) - 8, top - 16, "the process ends")
    )


runs = [
    ("Waits for the port", *stop(twisteds_own)),
    ("Waits for all, and aborts after 5 s", *stop(PoetryService)),
]
run = HEAD + 3 * LANE + 16
height = len(runs) * run + 84
print(
    f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH}" height="{height}"'
    f' viewBox="0 0 {WIDTH} {height}">'
)
print("<title>What has ended when a stop has</title>")
print(f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="27" fill="{INK}">')
for n, (title, over, end) in enumerate(runs):
    print(*draw(n * run, title, over, end), sep="\n")
y = len(runs) * run
ticks = "".join(f"M{at(tick):g} {y}v8" for tick in range(round(LAST) + 1))
print(f'<path d="M{BEGIN} {y}H{at(LAST):g}{ticks}" stroke="{INK}" stroke-width="2" fill="none"/>')
for tick in range(round(LAST) + 1):
    print(text(at(tick), y + 36, tick, ' text-anchor="middle"'))
print(text(BEGIN, y + 74, "seconds since stopService() was called"))
print("</g>")
print("</svg>")
