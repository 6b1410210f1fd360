"""What tests and programs do while the mixin watches."""

from __future__ import annotations

import unittest
from typing import Any

import inner
import kinds
import pytest
from cases import OK, both, case, tidy
from inner import Innocent, Quiet, factory, waited
from twisted.internet.protocol import ClientFactory

from txtidy import Tidy


def test_tear_down_waits_for_the_program() -> None:
    """A test that ends within a call of the program's does not end it from inside: ClientService refuses that."""
    tidy(kinds.client_service)


def test_opened_during_the_teardown() -> None:
    """What a program opens when its connection ends is ended, too."""

    async def test(t: Any) -> None:
        port = await t.listen(kinds.server(), factory())
        made, times = factory(), []

        class Again(Quiet):
            def connectionLost(self, reason: Any = None) -> None:
                times.append(1)
                if len(times) < 3:
                    t.connect(kinds.client(port), made).addErrback(lambda failure: None)

        made.protocol = Again
        await t.connect(kinds.client(port), made)

    tidy(test)


def test_begun_after_its_test() -> None:
    """What a program opens when its test is over is ended at once, and harms no later test."""
    kept: list[Any] = []

    class Case(Tidy, Innocent):
        def test_a(self) -> None:
            self.reactor.callLater(0, lambda: None)
            kept.extend([self.reactor, self.endpoint(kinds.server())])

        def test_b(self) -> None:
            kept[0].listenTCP(0, factory(), interface="127.0.0.1")
            kept[1].listen(factory()).addErrback(lambda failure: None)

    assert inner.run(Case) == {"test_a": OK, "test_b": OK, "test_z_innocent": OK}


def test_failing_test_is_tidied() -> None:
    """A test that fails is reported by its own failure alone."""

    async def test(t: Any) -> None:
        await both(t)
        t.fail("on purpose")

    said = case(test)
    assert [kind for kind, _ in said["test_it"]] == ["FAILURE"] and said["test_z_innocent"] == OK


def test_set_up_that_fails() -> None:
    """What a setUp opened before it failed is ended."""

    async def set_up(t: Any) -> None:
        await both(t)
        raise LookupError("on purpose")

    said = case(lambda t: None, setUp=waited(set_up))
    assert all([kind for kind, _ in verdict] == ["ERROR"] for verdict in said.values())


def test_same_test_case_again() -> None:
    """trial --until-failure runs the same test case again."""
    one = type("Case", (Tidy, Innocent), {"test_it": waited(both)})("test_it")
    verdict = inner.Verdict()
    for _ in range(3):
        one.run(verdict)
    assert verdict.said["test_it"] == OK * 3


def test_unknown_thing() -> None:
    """A thing of an unknown kind is refused."""

    async def test(t: Any) -> None:
        with pytest.raises(TypeError, match="does not know how 3 ends"):
            t.tidied(3)

    tidy(test)


def test_a_reactor_of_the_test_s_own() -> None:
    """A test that has its own self.reactor keeps it."""

    def set_up(t: Any) -> None:
        t.reactor = "a clock"

    async def test(t: Any) -> None:
        assert t.reactor == "a clock"
        await both(t)

    tidy(test, setUp=set_up)


def test_isolated_asyncio() -> None:
    """unittest's asyncio test case is refused."""

    class Case(Tidy, unittest.IsolatedAsyncioTestCase):
        async def test_it(self) -> None:
            with self.assertRaises(TypeError):
                self.watched(factory())

    result = unittest.TestResult()
    Case("test_it").run(result)
    assert result.wasSuccessful(), result.errors


def test_endpoint_twice() -> None:
    """An endpoint that goes through the test may do so twice."""

    async def test(t: Any) -> None:
        port = await t.listen(t.endpoint(kinds.server()), factory())
        await t.connect(t.endpoint(t.endpoint(kinds.client(port))), factory())

    tidy(test)


@pytest.mark.parametrize("connected", [False, True])
def test_connector(connected: bool) -> None:
    """A connector that the program has made is ended, connecting or connected."""

    async def test(t: Any) -> None:
        from twisted.internet import reactor

        port = await t.listen(kinds.server(), factory())
        mine, greeted = ClientFactory(), kinds.Greeted()
        mine.noisy = False
        mine.buildProtocol = lambda address: greeted  # type: ignore[assignment]
        t.tidied(reactor.connectTCP("127.0.0.1", port.getHost().port, mine))  # type: ignore[attr-defined]
        if connected:
            await greeted.connected_at

    tidy(test)


def test_names_of_the_test_s_own() -> None:
    """A test case may have attributes of the names that come to mind, and its class can be looked through."""

    def set_up(t: Any) -> None:
        t._opened = t._end = t._things = "mine"

    async def test(t: Any) -> None:
        assert t._opened == t._end == "mine"
        await both(t)

    tidy(test, setUp=set_up)
    assert all(hasattr(Tidy, name) for name in dir(Tidy))
