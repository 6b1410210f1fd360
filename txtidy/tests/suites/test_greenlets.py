"""A project's tests with the fixture and pytest-twisted. test_leaks must fail, in its teardown alone."""

import pytest
import pytest_twisted
from test_fixture import Stubborn, both
from twisted.internet.protocol import Factory, Protocol


@pytest_twisted.ensureDeferred
async def test_tidy(tidy):
    assert await both(tidy) == "connected"


@pytest_twisted.ensureDeferred
async def test_leaks(tidy):
    tidy.limit = 0.3
    factory = tidy.watched(Factory.forProtocol(Protocol))
    factory.buildProtocol(None).makeConnection(Stubborn())


@pytest_twisted.ensureDeferred
async def test_run(tidy):
    with pytest.raises(RuntimeError, match="await it in the test"):
        tidy.run(None)


@pytest_twisted.ensureDeferred
async def test_z_innocent(tidy):
    assert await both(tidy) == "connected"
