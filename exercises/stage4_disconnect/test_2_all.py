"""All three ends, in every order: on Deferreds that a test fires, yours in step 5."""

import gc
from itertools import combinations, permutations

from twisted.internet.defer import Deferred, fail, succeed

from ..yours import YourTests
from .fakes import ERRORS, EXCEPTIONS, RESULTS, THREE, Case
from .teardown import all_of
from .wrong import (
    first_is_enough,
    last_in_the_list,
    never,
    never_for_none,
    one_by_one,
    only_looks,
    two_are_enough,
)


def so_far(names):
    """What has ended, in words."""
    return f"after {', then '.join(names)}" if names else "before any of the three"


class Step05All(YourTests):
    """You test that all_of() waits for all, in whatever order they fire.

    Write the class AllOf in test_yours.py. Three Deferreds that your test fires stand for the three
    ends: with them, every order takes no time. This step runs your tests on two right functions and
    on five wrong ones.
    """

    program, cases = "teardown.all_of", "AllOf"

    def test_right(self):
        """Your tests pass with the given function, and with one that waits for one after the other."""
        self.assert_right()
        self.assert_right(one_by_one, "an all_of() that waits for one after the other")

    def test_first(self):
        """One of your tests fails if the first to fire is enough."""
        self.assert_noticed(first_is_enough, "an all_of() that fires after the first")

    def test_last_in_the_list(self):
        """One of your tests fails if the last in the list is taken for the last in time."""
        self.assert_noticed(
            last_in_the_list, "an all_of() that waits only for the last in the list"
        )

    def test_two(self):
        """One of your tests fails if the third is not waited for."""
        self.assert_noticed(two_are_enough, "an all_of() that waits only for the first two")

    def test_looks(self):
        """One of your tests fails if only those that have fired already count."""
        self.assert_noticed(only_looks, "an all_of() that does not wait for what has not fired yet")

    def test_none(self):
        """One of your tests fails if the Deferred never fires for no ends at all."""
        self.assert_noticed(never_for_none, "an all_of() that waits for ever if there are no ends")

    def test_each(self):
        """Each of your tests fails with one of these five, or with one whose Deferred never fires."""
        self.assert_each(
            first_is_enough,
            last_in_the_list,
            two_are_enough,
            only_looks,
            never_for_none,
            never,
        )


class Step06Failures(Case):
    """A failure is reported after all have ended.

    Write the second part of all_of(), in teardown.py. If one of the ends fails, all_of still
    waits for the rest, and then fails with that failure. If several fail, it fails with the first
    in the list, which need not be the first in time. It handles every failure, so that no
    Deferred is left with one.
    """

    def tearDown(self):
        # Only test_none_is_left is about failures that nobody has handled.
        gc.collect()
        self.flushLoggedErrors()

    def go(self, order, fails):
        """Fire them in this order, those in fails with their exceptions. Returns all_of's Deferred."""
        ends = {name: Deferred() for name in THREE}
        waiting = all_of(ends.values())
        for number, name in enumerate(order):
            failed = [n for n in order[:number] if n in fails]
            self.assert_pending(waiting, f"{so_far(order[:number])} ({failed or 'none'} failed)")
            if name in fails:
                ends[name].errback(fails[name])
            else:
                ends[name].callback(None)
        return waiting

    def test_one(self):
        """A failure is reported after the last has ended, whichever of them fails, in each of the six orders."""
        for order in permutations(THREE):
            for name in THREE:
                error = OSError(f"{name} failed")
                waiting = self.go(order, {name: error})
                self.assert_failed(waiting, error, so_far(order))

    def test_several(self):
        """If several fail, the first in the list is reported, in whatever order they ended."""
        for order in permutations(THREE):
            for several in (*combinations(THREE, 2), THREE):
                errors = {name: OSError(f"{name} failed") for name in several}
                waiting = self.go(order, errors)
                when = f"{so_far(order)}, if {', '.join(several)} fail, in this order in the list"
                self.assert_failed(waiting, errors[several[0]], when)
        for first, second in permutations(ERRORS, 2):
            waiting = all_of([succeed(None), fail(first), fail(second)])
            self.assert_failed(waiting, first, f"if {second!r} comes second in the list")

    def test_any_failure(self):
        """Any exception is reported as it is."""
        for error in EXCEPTIONS:
            for name in THREE:
                waiting = self.go(THREE, {name: error})
                self.assert_failed(waiting, error, f"{so_far(THREE)}, if {name} fails")

    def test_no_failure(self):
        """A result is not a failure, even if it is an exception."""
        for result in RESULTS:
            ends = [succeed(result), Deferred()]
            waiting = all_of(ends)
            ends[1].callback(result)
            self.assert_done(waiting, f"if the result of each is {result!r}")

    def test_failed_before(self):
        """If one has failed already, the others are still waited for, and the first in the list is still reported."""
        first, second = OSError("the first"), OSError("the second")
        for fails in (False, True):
            end = Deferred()
            waiting = all_of([end, fail(second)])
            self.assert_pending(
                waiting, "when the second has failed already, and the first has no result"
            )
            end.errback(first) if fails else end.callback(None)
            when = f"when the first has {'failed' if fails else 'ended'} too"
            self.assert_failed(waiting, first if fails else second, when)

    def test_none_is_left(self):
        """No failure is left in a Deferred, to be logged during a later test."""
        self.look(
            self.go(THREE, {name: OSError(f"{name} failed") for name in THREE}), "from all_of()"
        )
        self.assert_nothing_logged("when all three have failed")
