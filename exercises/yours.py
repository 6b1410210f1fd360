"""A step whose tests you write: it runs them on right programs and on wrong ones."""

import gc
import importlib
import inspect
import sys
import unittest

from twisted.internet.defer import TimeoutError
from twisted.trial.reporter import TestResult
from twisted.trial.unittest import SynchronousTestCase, TestCase

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
        """Run your tests with this program. Returns their names, and for each that failed, by name, why."""
        package = type(self).__module__.rpartition(".")[0]
        module, _, name = self.program.partition(".")
        code = importlib.import_module(f"{package}.{module}")
        patch = self.patch(code, name, program or getattr(code, name))
        before = sys.modules.pop(f"{package}.test_yours", None)
        gc.freeze()  # what is older need not be searched
        try:
            yours = importlib.import_module(f"{package}.test_yours")
            return self._results(
                getattr(yours, self.cases), PATIENCE if not program else self.patience
            )
        finally:
            # Failures that nobody handles are logged when they are deleted: here, not in one of your next tests.
            gc.collect()
            gc.unfreeze()
            self.flushLoggedErrors()
            patch.restore()
            if before:
                sys.modules[before.__name__] = before

    def _results(self, case, patience):
        names, result, failed = unittest.defaultTestLoader.getTestCaseNames(case), TestResult(), {}
        for name in names:
            if inspect.iscoroutinefunction(getattr(case, name)) and not issubclass(case, TestCase):
                self.fail(
                    f"Your {name} is async, and a SynchronousTestCase never runs it: use TestCase."
                )
            test = case(name)
            test.timeout = patience
            test.run(result)
            gc.collect()
        for test, failure in [*result.errors, *result.failures]:
            if failure.check(NotImplementedError):
                failure.raiseException()
            if failure.check(TimeoutError):
                type(self).patience = LESS
            why = f"{failure.type.__name__}: {failure.getErrorMessage()}"
            failed.setdefault(test.id().rpartition(".")[2], why)
        return names if result.successes or failed else [], failed

    def assert_right(self, program=None, what="the given code"):
        """Your tests pass with this program; there is one at least, and it runs."""
        names, failed = self.run_yours(program)
        self.assertTrue(
            names,
            f"Expected {self.cases}, in test_yours.py, to have a test that runs; it has none. A test is "
            "a method whose name begins with test.",
        )
        undo = "" if program else " Or is a mistake of yours left in that code?"
        for name, why in failed.items():
            self.fail(
                f"Your {name} fails with {what}, which is right. Either it demands more than README.md does, "
                f"or it is wrong itself.{undo} It says: {why}"
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
                "each. It may be a good test, but this step wants those that find the README's mistakes."
            )
