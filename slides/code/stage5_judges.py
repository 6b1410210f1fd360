"""Three tests of one sentence; their results, and those of a stage's whole suite, on right services and on wrong ones."""

from __future__ import annotations

from types import ModuleType
from unittest import TestResult

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from exercises.stage5_transform.clients import Client
from exercises.stage5_transform.service import TransformFactory
from workshop.course import Stage
from workshop.course.solutions import mutated
from workshop.judge.programs import right_answers


class Three(SynchronousTestCase):
    """Tests of the answer, written by three people. They test the service that is named TransformFactory here."""

    def setUp(self):
        self.clock = Clock()
        self.client = Client(TransformFactory({"reverse": lambda poem: poem[::-1]}, self.clock))

    def test_a(self):
        self.client.send(b"13:reverse.a sea,")
        self.assertTrue(self.client.received)

    def test_b(self):
        self.client.send(b"13:reverse.a sea,")
        self.assertEqual(self.client.received, b"5:aes a,")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_c(self):
        self.client.send(b"13:reverse.a sea,")
        self.assertEqual(self.client.received, b"5:aes a,")
        self.assertTrue(self.client.closed)


# End of the three.


def services(stage: Stage) -> tuple[list[type], list[type]]:
    """The right services, and those with a bug, in the order of the descriptions."""
    right = [_factory(files["service.py"]) for files in right_answers(stage).values()]
    wrong = [_factory(mutated(stage, mutant)["service.py"]) for mutant in stage.mutants]
    return right, wrong


def _factory(text: str) -> type:
    module = ModuleType("exercises.stage5_transform.other")
    module.__package__ = "exercises.stage5_transform"
    exec(text, module.__dict__)
    return module.TransformFactory


def red(tests: type[SynchronousTestCase], names: list[str], service: type) -> bool:
    """Return whether any of these tests is red on a service."""
    home = vars(__import__(tests.__module__, fromlist=["TransformFactory"]))
    own, home["TransformFactory"] = home["TransformFactory"], service
    result = TestResult()
    try:
        for name in names:
            tests(name).run(result)
    finally:
        home["TransformFactory"] = own
    return not result.wasSuccessful()
