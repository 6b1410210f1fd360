"""The weather: what a seed decides, within which bounds; the same seed, the same history."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from simulated_sides import SENT, Talk, digest
from twisted.internet.protocol import ClientFactory, Factory, Protocol

from workshop.simulated.errors import Misused
from workshop.simulated.network import EPOCH, Network, Socket
from workshop.simulated.reactor import SimulatedReactor
from workshop.simulated.weather import PRESETS, TABLE, History, setting

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 150
AS_MANY = {"order", "cut"}
"""Rows whose choices are as many as there are sockets that are ready, or bytes there."""
NOT_HERE = {"thread"}
"""Rows that two sides which only talk do not meet."""


@pytest.fixture(scope="module")
def talks() -> dict[str, list[Talk]]:
    """Histories of two sides that talk, by weather."""
    return {weather: [Talk(History(seed, weather)) for seed in range(SEEDS)] for weather in PRESETS}


@pytest.mark.parametrize("weather", PRESETS)
def test_what_tcp_promises(talks: dict[str, list[Talk]], weather: str) -> None:
    """Bytes come in order; connectionMade comes first, connectionLost last, each once, in every weather."""
    for talk in talks[weather]:
        for who, side in talk.sides.items():
            seed, mine = talk.history.seed, [one[2] for one in talk.events if one[1] == who]
            assert SENT[side.peer].startswith(side.data), seed
            assert mine[0] == "made" and mine.count("made") == 1, seed
            assert mine.count("lost") <= 1 and "lost" not in mine[:-1], seed


def trickle(seed: int, weather: str, data: bytes) -> bytes:
    """What arrives of data that is sent byte by byte, by a client that looks at the clock now and then."""
    reactor: Any = SimulatedReactor()
    reactor.begin(History(seed, weather))
    got, rest = bytearray(), list(data)

    class Keeps(Protocol):
        def dataReceived(self, data: bytes) -> None:
            got.extend(data)

    class Sends(Protocol):
        def connectionMade(self) -> None:
            for _ in range(seed % 5):
                reactor.seconds()
            self.transport.write(bytes([rest.pop(0)]))  # type: ignore[union-attr]
            if rest:
                reactor.callLater(seed % 7 * 0.0005, self.connectionMade)

    server, client = Factory.forProtocol(Keeps), ClientFactory.forProtocol(Sends)
    server.noisy = client.noisy = False
    port = reactor.listenTCP(0, server, interface="127.0.0.1").getHost().port
    reactor.connectTCP("127.0.0.1", port, client)
    reactor.callLater(30, reactor.stop)
    reactor.run(installSignalHandlers=False)
    return bytes(got)


@pytest.mark.parametrize("weather", PRESETS)
def test_bytes_sent_over_some_time_stay_in_order(weather: str) -> None:
    """What is sent later never overtakes what is on its way, however often somebody looks at the clock."""
    data = bytes(range(40))
    for seed in range(SEEDS):
        got = trickle(seed, weather, data)
        assert data.startswith(got) and (weather == "storm" or got == data), (seed, list(got))


@pytest.mark.parametrize("weather", ["calm", "windy"])
def test_nothing_breaks_but_in_a_storm(talks: dict[str, list[Talk]], weather: str) -> None:
    """All bytes arrive, and both ends are clean."""
    for talk in talks[weather]:
        ends = Counter(one[3] for one in talk.events if one[2] == "lost")
        assert ends == {"ConnectionDone": 2}, (talk.history.seed, talk.events)
        assert {who: side.data for who, side in talk.sides.items()} == {
            "client": SENT["server"],
            "server": SENT["client"],
        }


def test_a_storm_refuses_and_breaks(talks: dict[str, list[Talk]]) -> None:
    """Of the histories of a storm some are refused, some break, and some go well."""
    kinds = Counter(str(talk.events[-1][-1]) for talk in talks["storm"])
    assert {"ConnectionRefusedError", "ConnectionLost", "ConnectionDone"} <= set(kinds), kinds


def test_calm_decides_nothing(talks: dict[str, list[Talk]]) -> None:
    """In calm weather every history is the same, whatever the seed, and takes no time to speak of."""
    assert len({str(talk.events) for talk in talks["calm"]}) == 1
    assert not any(talk.history.decisions for talk in talks["calm"])
    assert talks["calm"][0].reactor.seconds() < EPOCH + 0.01


@pytest.mark.parametrize("weather", ["windy", "storm"])
def test_every_row_is_drawn_within_its_bounds(talks: dict[str, list[Talk]], weather: str) -> None:
    """Each row of the table has choices that are taken, none outside the table; a row without choices is never drawn."""
    taken: dict[str, set[float]] = {name: set() for name in TABLE}
    for talk in talks[weather]:
        for one in talk.history.departures:
            taken[one.name].add(one.drawn)
    for name, row in TABLE.items():
        choices = set(row.windy if weather == "windy" else row.storm)
        if name in AS_MANY:
            assert taken[name], name
        elif name not in NOT_HERE:
            assert taken[name] == choices, name


def test_every_departure_is_a_sentence(talks: dict[str, list[Talk]]) -> None:
    """A decision says what it did, with its numbers."""
    for talk in talks["storm"]:
        for one in talk.history.departures:
            assert one.who in str(one) and "{" not in str(one) and "None" not in str(one)


def test_the_same_seed_is_the_same_history() -> None:
    """Again and again, in one process."""
    for seed in range(10):
        said = {str(Talk(History(seed, "storm")).events) for _ in range(10)}
        assert len(said) == 1, seed


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
@pytest.mark.parametrize("version", ["", "3.10", "3.12", "3.13"])
def test_the_same_on_every_python(version: str, hash_seed: str) -> None:
    """In another process, with other hashes, on another Python."""
    python = shutil.which(f"python{version}") if version else sys.executable
    packages = Path(pytest.__file__).resolve().parent.parent
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, packages))),
        "PYTHONHASHSEED": hash_seed,
    }
    probe = [python or "", "-c", "import twisted.internet.tcp, sys; print(sys.version_info[:2])"]
    if not python or subprocess.run(probe, env=env, capture_output=True).returncode:
        pytest.skip(f"There is no python{version} that can import Twisted.")
    words = [python, str(ROOT / "tests" / "simulated_sides.py"), "storm", "30"]
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == digest("storm", 30), done.stderr


def test_putting_one_back_leaves_the_others() -> None:
    """A decision that is put back takes its default; the others that are still met are drawn as before."""
    for seed in range(20):
        plain = Talk(History(seed, "windy")).history
        drawn = {one.key: one.drawn for one in plain.decisions}
        for out in plain.departures[:5]:
            again = Talk(History(seed, "windy", [out.key])).history
            for one in again.decisions:
                if one.key == out.key:
                    assert not one.drawn
                elif one.name not in AS_MANY:
                    assert one.drawn == drawn.get(one.key, one.drawn)


def test_putting_all_back_is_calm() -> None:
    """With every departure put back, again and again, nothing departs, and all goes as in calm weather."""
    calm = Talk(History()).events
    for seed in range(20):
        out: set[str] = set()
        while True:
            talk = Talk(History(seed, "storm", out))
            if not talk.history.departures:
                break
            out |= {one.key for one in talk.history.departures}
        assert talk.events == calm


def test_bytes_that_are_due_come_before_later_ones() -> None:
    """If late bytes are due, and not delivered yet, bytes that are sent now come after them."""

    class Late(History):
        def choose(self, decision_key: str, name: str, options: int) -> int:
            return options - 1 if decision_key == "latency/1.client/1" else 0

    network = Network()
    network.history = Late(0, "windy")
    listener, client = (Socket(network, socket.AF_INET) for _ in range(2))
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    client.connect_ex(listener.getsockname())
    server, _ = listener.accept()
    client.send(b"one")
    network.now = network.events[0][0]
    client.send(b"two")
    network.deliver()
    assert server.recv(10) == b"onetwo"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs UNIX sockets")
def test_a_path_is_in_no_key(tmp_path: Path) -> None:
    """A UNIX port is called by its number: its path may differ from run to run, and what depends on keys with it."""
    labels = []
    for name in ("one", "another"):
        network = Network()
        port = Socket(network, socket.AF_UNIX)
        port.bind(str(tmp_path / name))
        port.listen()
        labels.append(port.label)
    assert labels == ["path 1", "path 1"]


def test_somebody_else_may_choose() -> None:
    """A subclass that overrides choose takes every decision: so all histories of a small test can be walked."""

    class Last(History):
        def choose(self, decision_key: str, name: str, options: int) -> int:
            return options - 1

    decisions = Talk(Last(0, "windy")).history.decisions
    assert decisions and all(one.drawn for one in decisions)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIMULATED_SEED", "x", "whole number"),
        ("SIMULATED_SEED", "-1", "whole number"),
        ("SIMULATED_SEED", "1" * 40, "whole number"),
        ("SIMULATED_WEATHER", "rain", "use calm, windy or storm"),
        ("SIMULATED_PUT_BACK", "end", "end/1.server/1"),
        ("SIMULATED_PUT_BACK", "rain/1.server/1", "end/1.server/1"),
    ],
)
def test_a_setting_that_is_not_one(name: str, value: str, said: str) -> None:
    """The message names the value, and what is possible."""
    with pytest.raises(Misused) as caught:
        setting({name: value})
    assert value in str(caught.value) and said in str(caught.value)


def test_a_cut_is_anywhere() -> None:
    """Of 20 bytes, in some history, a read returns each number: any cut is possible, and short ones are frequent."""
    histories = [History(seed, "windy") for seed in range(2000)]
    counts = Counter(one.draw("cut", "1.client", 20) for one in histories)
    assert set(counts) == set(range(20)), counts
    assert counts[1] > 30


def test_a_cut_depends_on_its_key_only() -> None:
    """However many bytes have arrived, a read that is cut returns as many of them, but for the last."""
    for seed in range(100):
        few, many = (History(seed, "windy").draw("cut", "1.client", n) for n in (10, 1000))
        assert few == min(many, 9)


def test_settings() -> None:
    """The environment has the seed, the weather and what to put back; without a seed, each test draws one."""
    assert setting({"SIMULATED_SEED": "7"})[:2] == (7, "calm")
    full = setting(
        {"SIMULATED_WEATHER": "storm", "SIMULATED_PUT_BACK": "end/1.server/1,cut/2.client/3"}
    )
    assert (full.weather, len(full.put_back)) == ("storm", 2)
    drawn = setting({})
    assert len({drawn.history().seed for _ in range(5)}) > 1
    assert full.history("windy").weather == "windy"
    with pytest.raises(Misused):
        History(0, "rain")
