"""What a history of the simulated network costs: python tests/benchmarks/simulated.py

Prints CPU time, and ratios measured side by side: histories of the gallery's right teardown by weather, the slow lines
against epoll, and how the cost grows with the bytes, the connections and the idle connections of a history.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulated_sides import Talk  # noqa: E402
from twisted.internet import protocol  # noqa: E402

from workshop.simulated.reactor import SimulatedReactor  # noqa: E402
from workshop.simulated.weather import PRESETS, History  # noqa: E402

CHILD = """
import sys, time
sys.path[:0] = [{root!r}, {tests!r}]
reactor_name, line, weather, times = sys.argv[1:]
from twisted.application.reactors import installReactor
from twisted.trial.reporter import TestResult
if reactor_name == "simulated":
    from simulated_seeds import Seeds

    from workshop.simulated.reactor import SimulatedReactor
    from workshop.simulated.trial import one_history_each
    from twisted.internet.main import installReactor as install
    reactor, seeds = SimulatedReactor(), Seeds()
    seeds.weather = weather
    install(reactor)
    one_history_each(reactor, seeds)
else:
    installReactor(reactor_name)
    class seeds: seed = 0
from exercises.stage4_disconnect import gallery, measure
case = type("Right", (gallery.Teardown9AllThree,), {{"line": measure.LINES[line][0]}})
case("test_hello").run(TestResult())
cpu, real = time.process_time(), time.monotonic()
for seeds.seed in range(int(times)):
    case("test_hello").run(TestResult())
print(time.process_time() - cpu, time.monotonic() - real)
"""


def gallery(reactor: str, line: str, weather: str, times: int) -> tuple[float, float]:
    """CPU and real seconds of a run of the right teardown."""
    code = CHILD.format(root=str(ROOT), tests=str(ROOT / "tests"))
    words = [sys.executable, "-c", code, reactor, line, weather, str(times)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    cpu, real = map(float, done.stdout.split())
    return cpu / times, real / times


class Sink(protocol.Protocol):
    """Counts down what is to come, and stops the reactor."""

    def dataReceived(self, data: bytes) -> None:
        here: Any = self.factory
        here.left -= len(data)
        if not here.left:
            here.reactor.stop()


def transfer(connections: int, size: int, idle: int = 0) -> float:
    """CPU seconds of so many connections that send so many bytes each, one by one, beside idle ones."""
    reactor: Any = SimulatedReactor()
    server: Any = protocol.ServerFactory.forProtocol(Sink)
    server.noisy, server.reactor, server.left = False, reactor, connections * size
    port = reactor.listenTCP(0, server, interface="127.0.0.1").getHost().port

    class Sends(protocol.Protocol):
        def connectionMade(self) -> None:
            self.rest = size
            self.more()

        def more(self) -> None:
            if self.rest:
                self.rest -= 1
                self.transport.write(b"x")  # type: ignore[union-attr]
                reactor.callLater(0.001, self.more)

    def connect(kind: type[protocol.Protocol]) -> None:
        factory = protocol.ClientFactory.forProtocol(kind)
        factory.noisy = False
        reactor.connectTCP("127.0.0.1", port, factory, timeout=None)

    for kind, number in ((protocol.Protocol, idle), (Sends, connections)):
        for _ in range(number):
            connect(kind)
    began = process_time()
    reactor.run(installSignalHandlers=False)
    return process_time() - began


def main() -> None:
    """Print the figures."""
    for weather in PRESETS:
        cpu, _ = gallery("simulated", "quiet", weather, 2000)
        print(f"gallery, quiet line, {weather}: {1 / cpu:.0f} histories a second of CPU")
    for line in ("late-server", "late-client"):
        # Of the simulation, the CPU time: on a busy machine its real time is that of others.
        _, slow = gallery("epoll", line, "calm", 20)
        quick, _ = gallery("simulated", line, "calm", 500)
        print(f"{line}: epoll takes {slow / quick:.0f} times as long")
    base = transfer(1, 1000)
    for connections, size in ((1, 4000), (4, 1000), (16, 1000)):
        ratio = transfer(connections, size) / base
        print(f"{connections * size / 1000:.0f} times the events cost {ratio:.1f} times as much")
    idle = transfer(1, 8000, idle=1000) - transfer(1, 1, idle=1000)
    print(
        f"beside 1000 idle connections, an event costs {idle / transfer(1, 8000):.1f} times as much"
    )
    began = process_time()
    for seed in range(300):
        Talk(History(seed, "windy"))
    print(f"two sides that talk, windy: {300 / (process_time() - began):.0f} histories a second")


if __name__ == "__main__":
    main()
