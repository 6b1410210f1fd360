"""A survey of weather stations. A station sends its temperature to whoever connects, and disconnects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IStreamClientEndpoint, ITransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure


class Thermometer(Protocol):
    """The station's side of a connection."""

    transport: ITransport
    factory: Any  # the Station

    def connectionMade(self) -> None:
        self.transport.write(b"%.1f" % self.factory.temperature)
        self.transport.loseConnection()


class Station(Factory):
    """A station."""

    protocol = Thermometer

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature


class Reading(Protocol):
    """The surveyor's side. result: fires with the temperature, when the station has disconnected."""

    def __init__(self) -> None:
        self.result: Deferred[float] = Deferred()
        self._text = b""

    def dataReceived(self, data: bytes) -> None:
        self._text += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.result.callback(float(self._text))


async def read(station: IStreamClientEndpoint) -> float:
    """Return a station's temperature."""
    reading = Reading()
    await connectProtocol(station, reading)
    return await reading.result


async def survey(stations: Sequence[IStreamClientEndpoint]) -> list[float]:
    """Return the temperatures of all stations, in the order in which they are given. All are asked at once."""
    asked = [Deferred.fromCoroutine(read(station)) for station in stations]
    temperatures: list[float] = []
    for one in asked:
        one.addCallback(temperatures.append)
    await gatherResults(asked)
    return temperatures
