"""The outcome of two clients that count, for an answer with a length, if the connection ends after each of its bytes."""

from stage6_takes import draw, weather

blocks = [
    (one.__name__, one, weather.ANSWERS["length"]) for one in (weather.Counts, weather.TellsOnce)
]
draw("An answer with a length, ended after each of its bytes", blocks)
