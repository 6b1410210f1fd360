"""Contracts for stage 7 that ask too little, of one side only or of a part of a promise, and such that ask too much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workshop.course import load
from workshop.course.solutions import answer, with_bug
from workshop.judge.programs import right_answers
from workshop.judge.steps import targets
from workshop.runner.pool import Pool
from workshop.runner.worker import Case

STAGE = load(Path(__file__).resolve().parent.parent).stage("stage7_everywhere")
CONTRACT = "test_contract.py"
BOTH_WAYS = "self.run_both_ways(ClosingSide, Unregistering)"
BOTH_START = "self.run_between(Starting(), Starting())"
READ = "server, _, _, client = self.run_both_ways(Side, Producing)\n        for reader in (server, client):"
SAME = "self.assertEqual((server.host, server.peer), (client.peer, client.host))"


@dataclass(frozen=True)
class Cut:
    """A test of the reference's, cut down. ``edits``: what is written instead of what. ``left``: the mistakes of the kind
    that it lets through, and no others."""

    name: str
    kind: int
    test: str
    edits: dict[str, str]
    left: set[str]


CUTS = [
    Cut(
        "the server is told",
        1,
        "connectEvent",
        {
            "self.assertCountEqual(made, [server, client])": "self.assertEqual(made.count(server), 1)"
        },
        {"client_told_twice"},
    ),
    Cut(
        "something is heard of a failure",
        3,
        "clientConnectionFailedStopsReactor",
        {"self.assertEqual(failed, [(connector, ConnectError)])": "self.assertTrue(failed)"},
        {"failed_with_another_connector", "failed_with_what_the_system_said"},
    ),
    Cut(
        "the connector of a failure",
        3,
        "clientConnectionFailedStopsReactor",
        {"(failed, [(connector, ConnectError)])": "([one for one, _ in failed], [connector])"},
        {"failed_with_what_the_system_said"},
    ),
    Cut(
        "the reason of a failure",
        3,
        "clientConnectionFailedStopsReactor",
        {"(failed, [(connector, ConnectError)])": "([one for _, one in failed], [ConnectError])"},
        {"failed_with_another_connector"},
    ),
    Cut(
        "the server's factory has no protocol",
        4,
        "buildProtocolReturnsNone",
        {
            "self.listen(ServerFactory.forProtocol(Other))\n        self.connect(Nothing())": (
                "self.listen(Nothing())\n        self.connect(ClientFactory.forProtocol(Other))"
            ),
            "if len(ends) == 1:": "if not ends:",
            "[ConnectionDone] * 2": "[ConnectionDone]",
        },
        {"refused_by_the_client_and_reset"},
    ),
    Cut(
        "the client's factory has no protocol",
        4,
        "buildProtocolReturnsNone",
        {"if len(ends) == 1:": "if not ends:", "[ConnectionDone] * 2": "[ConnectionDone]"},
        {"refused_and_reset"},
    ),
    Cut("addresses as the client sees them", 5, "addresses", {SAME: ""}, {"old_addresses"}),
    Cut(
        "addresses as the server sees them",
        5,
        "addresses",
        {SAME: "", "in (client.host, client.peer)": "in (server.host, server.peer)"},
        {"peer_by_name"},
    ),
    Cut(
        "the server starts TLS",
        6,
        "badContext",
        {
            BOTH_START: (
                "self.run_between(Starting(), ClosingSide())\n            raised = raised * 2"
            )
        },
        {"a_client_with_no_tls_and_no_word"},
    ),
    Cut(
        "the client starts TLS",
        6,
        "badContext",
        {
            BOTH_START: (
                "self.run_between(ClosingSide(), Starting())\n            raised = raised * 2"
            )
        },
        {"no_tls_and_no_word"},
    ),
    Cut(
        "a client connects over TLS",
        6,
        "badContext",
        {
            'lambda: real.listenSSL(0, ServerFactory(), Broken(), interface="127.0.0.1"),\n': "",
            '["no key"] * 2': '["no key"] * len(raised)',
        },
        {"context_error_of_another_kind"},
    ),
    Cut(
        "a server listens over TLS",
        6,
        "badContext",
        {
            'lambda: real.connectSSL("127.0.0.1", 1, ClientFactory(), Broken()),\n': "",
            '["no key"] * 2': '["no key"] * len(raised)',
        },
        {"context_error_becomes_a_failed_attempt"},
    ),
    Cut(
        "the client's prefix",
        7,
        "logPrefix",
        {'self.assertIn("the server", server.system)': ""},
        {"prefix_of_the_factory"},
    ),
    Cut(
        "the server's prefix",
        7,
        "logPrefix",
        {'self.assertIn("the client", client.system)': ""},
        {"prefix_of_the_class"},
    ),
    Cut(
        "the server writes late",
        8,
        "writeAfterDisconnect",
        {"server, client = Writing(), Writing()": "server, client = Writing(), ClosingSide()"},
        {"late_write_of_a_client_raises"},
    ),
    Cut(
        "the client writes late",
        8,
        "writeAfterDisconnect",
        {"server, client = Writing(), Writing()": "server, client = ClosingSide(), Writing()"},
        {"late_write_raises"},
    ),
    Cut(
        "the server is let go",
        9,
        "protocolGarbageAfterLostConnection",
        {
            "[weakref.ref(server), weakref.ref(client)]": "[weakref.ref(server)]",
            "[None, None]": "[None]",
        },
        {"clients_kept"},
    ),
    Cut(
        "the client is let go",
        9,
        "protocolGarbageAfterLostConnection",
        {
            "[weakref.ref(server), weakref.ref(client)]": "[weakref.ref(client)]",
            "[None, None]": "[None]",
        },
        {"protocols_kept"},
    ),
    Cut(
        "the server unregisters",
        10,
        "unregisterProducerAfterDisconnect",
        {BOTH_WAYS: "self.run_between(Unregistering(), ClosingSide())"},
        {"watched_again"},
    ),
    Cut(
        "the client unregisters",
        10,
        "unregisterProducerAfterDisconnect",
        {BOTH_WAYS: "self.run_between(ClosingSide(), Unregistering())"},
        {"late_unregistering_raises_on_the_server"},
    ),
    Cut(
        "the server produces",
        11,
        "disconnectWhileProducing",
        {READ: "reader = Side()\n        self.run_between(Producing(), reader)\n        if True:"},
        {"not_closed_after_the_producer"},
    ),
    Cut(
        "the client produces",
        11,
        "disconnectWhileProducing",
        {READ: "reader = Side()\n        self.run_between(reader, Producing())\n        if True:"},
        {"broken_off_after_the_producer"},
    ),
    Cut(
        "what a producer writes, without the end",
        11,
        "disconnectWhileProducing",
        {"(reader.data, reader.ends)": "(reader.data, (ConnectionDone,))"},
        {"broken_off_after_the_producer"},
    ),
    Cut(
        "calls without their order",
        12,
        "callWhenRunning",
        {
            'self.assertEqual(called, ["first", ': (
                'called.remove("first")\n        self.assertEqual(called, ['
            )
        },
        {"last_asked_first_called"},
    ),
    Cut(
        "a thread, whether it is over or not",
        13,
        "threads",
        {"self.assertFalse(there.is_alive())": ""},
        {"pool_never_closed"},
    ),
    Cut(
        "an answer, whoever did the work",
        13,
        "threads",
        {"self.assertFalse(there.is_alive())": "", "self.assertIsNot(there, back)": ""},
        {"pool_never_closed", "worked_in_the_reactor"},
    ),
]


# By what none of the promises says: the test that asks for it, and how.
TOO_MUCH = {
    "all bytes come in one piece": (
        "logPrefix",
        "return self.name\n",
        "return self.name\n\n"
        "            def dataReceived(self, data: bytes) -> None:\n"
        '                assert data == b"hello"\n'
        "                super().dataReceived(data)\n",
    ),
    "a connector is Twisted's own": (
        "interface",
        "verifyObject(IConnector, connector)",
        'type(connector).__name__ == "Connector"',
    ),
    "a failed attempt has the system's number": (
        "clientConnectionFailedStopsReactor",
        "reason.check(ConnectError)",
        "reason.value.osError and ConnectError",
    ),
    "there is a warning": (
        "badContext",
        "self.flushWarnings()",
        "self.assertTrue(self.flushWarnings())",
    ),
    "the log's system begins with the prefix": (
        "logPrefix",
        'assertIn("the client", client.system)',
        'assertTrue(client.system.startswith("the client"))',
    ),
    "there is a prefix at the end too": (
        "logPrefix",
        'def ready(self) -> None:\n                self.system = get(ILogContext)["system"]\n'
        "                super().ready()",
        "def connectionLost(self, reason: Any = None) -> None:\n"
        '                self.system = get(ILogContext)["system"]\n'
        "                super().connectionLost(reason)",
    ),
    "nothing else is watched": (
        "unregisterProducerAfterDisconnect",
        "self.assertEqual(watched, [])",
        "self.assertEqual((watched, writers()), ([], []))",
    ),
    "a call for when the reactor runs has an id": (
        "callWhenRunning",
        "self.reactor.callWhenRunning(running)",
        "self.assertIsNotNone(self.reactor.callWhenRunning(running))",
    ),
    "threads are a pool's": (
        "threads",
        "self.assertIsNot(there, back)",
        'self.assertIn("PoolThread", there.name)',
    ),
}


def edited(edits: dict[str, str]) -> dict[str, str]:
    """The reference's files, with these edits of its contract."""
    code = answer(STAGE)
    for find, instead in edits.items():
        assert code[CONTRACT].count(find) == 1, find
        code[CONTRACT] = code[CONTRACT].replace(find, instead)
    return code


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Runs contracts."""
    with Pool(STAGE) as pool:
        yield pool


def built(pool: Pool, code: dict[str, str], test: str) -> tuple[str, ...]:
    """The names of this test in all places."""
    ((_, loaded),) = pool.run([Case("load", code, tuple(targets(STAGE)), load=True)])
    return tuple(name for name in loaded.loaded if name.endswith(f".test_{test}"))


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name)
def test_cut(pool: Pool, cut: Cut) -> None:
    """A test that is cut down still passes on the real reactors, and lets through what it no longer asks, and only that."""
    code = edited(cut.edits)
    code["wrapped.py"] = (STAGE.folder / "wrapped.py").read_text("utf-8")
    tests = built(pool, code, cut.test)
    mutants = [m for m in STAGE.mutants if m.step == cut.kind and any(map(m.meets, tests))]
    cases = [Case("none", code, tests)]
    cases += [Case(m.name, with_bug(code, m), tuple(filter(m.meets, tests))) for m in mutants]
    left = {case.name for case, result in pool.run(cases) if result.passed}
    assert left == {"none", *(m.name for m in mutants if m.name in cut.left)}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much(pool: Pool, what: str) -> None:
    """A test that asks for what none of the promises says passes on Twisted's own reactors, and fails on a right answer."""
    test, find, instead = TOO_MUCH[what]
    code = edited({find: instead})
    answers = right_answers(STAGE)
    tests = built(pool, code, test)
    cases = [Case(name, {**code, **files}, tests) for name, files in answers.items()]
    refused = {case.name for case, result in pool.run(cases) if not result.passed}
    assert refused == {"liberties"}
