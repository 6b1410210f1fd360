"""A step whose tests you write: it runs them on right programs and on wrong ones."""

import importlib
import sys
import unittest

from twisted.internet.defer import TimeoutError
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase

PATIENCE = 2.0  # seconds that one of your tests may wait for an event
LESS = 0.5  # seconds, on wrong programs, once one has waited in vain


class YourTests(SynchronousTestCase):
    """Runs a class of test_yours.py, which is imported again for each program.

    program: what is replaced, as "client.PoemProtocol": a module beside this step's, and a name in it.
    cases: the name of the class in test_yours.py.
    """

    longMessage = False  # Our message alone, not unittest's before it.
    program = cases = ""
    patience = PATIENCE

    def run_yours(self, program=None):
        """Run your tests with this program. Returns their names, and the Failure of each that failed, by name."""
        package = type(self).__module__.rpartition(".")[0]
        module, _, name = self.program.partition(".")
        code = importlib.import_module(f"{package}.{module}")
        patch = self.patch(code, name, program or getattr(code, name))
        before = sys.modules.pop(f"{package}.test_yours", None)
        try:
            yours = importlib.import_module(f"{package}.test_yours")
            case, result = getattr(yours, self.cases), TestResult()
            names = unittest.defaultTestLoader.getTestCaseNames(case)
            for one in map(case, names):
                one.timeout = self.patience if program else PATIENCE
                one.run(result)
        finally:
            patch.restore()
            if before:
                sys.modules[before.__name__] = before
        found = {test.id(): failure for test, failure in [*result.errors, *result.failures]}
        failed = {name.rpartition(".")[2]: failure for name, failure in found.items()}
        for failure in failed.values():
            if failure.check(NotImplementedError):
                failure.raiseException()
            if failure.check(TimeoutError):
                type(self).patience = LESS
        return names if result.successes or failed else [], failed

    def assert_right(self, program=None, what="the given code"):
        """Your tests pass with this program; there is one at least, and it runs."""
        names, failed = self.run_yours(program)
        self.assertTrue(
            names,
            f"Expected {self.cases}, in test_yours.py, to have a test that runs; it has none. A test is "
            "a method whose name begins with test.",
        )
        for name, failure in failed.items():
            self.fail(
                f"Your {name} fails with {what}, which is right. Either it demands more than README.md does, "
                f"or it is wrong itself: {failure.type.__name__}: {failure.getErrorMessage()}"
            )

    def assert_noticed(self, program, what):
        """One of your tests at least fails with this program. what: what the program does wrong."""
        if not self.run_yours(program)[1]:
            self.fail(
                f"Expected one of your tests to fail with {what}; all pass. See a test fail before you "
                "trust it: make this mistake in the given code yourself, and run your tests."
            )

    def assert_each(self, *programs):
        """Each of your tests fails with one of these programs at least."""
        idle = self.run_yours()[0]
        for program in programs:
            failed = self.run_yours(program)[1]
            idle = [name for name in idle if name not in failed]
        for name in idle:
            self.fail(
                f"Expected your {name} to fail with one of the wrong programs at least; it passes with "
                "each. What mistake is it to find? Make that in the given code, and run it."
            )
