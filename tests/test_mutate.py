"""The command that changes solved files, one place at a time: what it changes, its names for that, what it tells."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest
from driving import MINI, TESTS, Learner

BENCHMARKS = Path(__file__).with_name("benchmarks")
SURVIVOR = (
    "stage1_echo/echo.py:later: return deferLater(reactor, 0, lambda: 'later') → "
    "return deferLater(reactor, 1, lambda: 'later')"
)
"""The one change to the miniature course that its tests rightly let through: a turn later, or a second."""
CAUGHT = "stage1_echo/echo.py:Echo.dataReceived: self.transport.loseConnection() → deleted"

# By a function's body: what its changes are called.
CHANGES = {
    "return a < b": {"return a <= b", "return a >= b", "return None"},
    "return a is not b": {"return a is b", "return None"},
    "return a in b": {"return a not in b", "return None"},
    "a = 7": {"a = 8", "a = 6", "deleted"},
    "a = True": {"a = False", "deleted"},
    "a = b'xy'": {"a = b''", "a = b'y'", "a = b'x'", "a = b'xyX'", "deleted"},
    "if a:\n  b()": {"True", "False", "not a", "deleted"},
    "if not a:\n  b()": {"True", "False", "a", "deleted"},
    "return a and b": {"return a or b", "return a", "return b", "return None"},
    "a(b, c=d)": {"deleted", "a(c=d)", "a(b)"},
    "try:\n  b()\nexcept ValueError:\n  pass": {
        "deleted",
        "()",
        "Exception",
    },
    "raise KeyError": {"deleted", "raise LookupError", "raise Exception"},
    "return a + b": {"return a - b", "return a", "return b", "return None"},
    "a += b": {"deleted", "a = b", "a -= b"},
    "for a in b:\n  break": {"deleted", "continue"},
    "return a[b:]": {"return a[b + 1:]", "return a[b - 1:]", "return a[:]", "return None"},
    "return f'{a + b}'": {
        "return f'{a - b}'",
        "return f'{a}'",
        "return f'{b}'",
        "return None",
    },
    "a = {b: c}": {"deleted", "a = {}"},
    "return (a, b)": {"return (a,)", "return (b,)", "return None"},
}
# In these, less is changed than might be.
LEFT_OUT = {
    "'''A docstring.'''": set(),
    "assert a == 1": set(),
    "a: int": set(),
    "raise ValueError(f'{a} is wrong')": {
        "deleted",
        "raise Exception(f'{a} is wrong')",
    },
    "log.info('text')": {"deleted", "log.info()"},
    "a(ConnectionLost)": {
        "deleted",
        "a()",
        "a(ConnectionLost.__mro__[1])",
        "a(Exception)",
    },
    "a = 'some words'": {"deleted", "a = ''"},
    "a.encode('utf-8')": {"deleted"},
    "a.encode('ascii')": {"deleted", "a.encode()"},
    "raise Odd('in words', 1)": {
        "deleted",
        "raise Odd('in words')",
        "raise Odd('in words', 2)",
        "raise Odd('in words', 0)",
    },
}


@pytest.fixture
def mutations(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that changes files."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import mutations

    return mutations


def said(mutations: ModuleType, body: str) -> list[str]:
    """What the changes to a function with this body are called, without what was there before."""
    lines = "".join(f"  {line}\n" for line in body.split("\n"))
    made = mutations.changes(f"def f():\n{lines}".encode())
    return [change.what.split(" → ")[-1] for change in made]


@pytest.mark.parametrize("body", [*CHANGES, *LEFT_OUT])
def test_changes(mutations: ModuleType, body: str) -> None:
    """Each thing that a function does is changed, in every way that is named, and nothing else is."""
    found = said(mutations, body)
    assert set(found) == {**CHANGES, **LEFT_OUT}[body]


def test_changes_are_distinct(mutations: ModuleType) -> None:
    """No two changes to a file give the same file, and none gives the file as it was."""
    source = (MINI / "solutions/stage1_echo/echo.py").read_bytes()
    texts = [change.made(source) for change in mutations.changes(source)]
    assert len({source, *texts}) == len(texts) + 1


def test_names_stay(mutations: ModuleType) -> None:
    """A change's name does not depend on where in the file its function is, nor on how it is laid out."""
    one = b"class A:\n    def f(self, x):\n        g(x)\n        return h(x,\n            1)\n"
    two = b"import os\n\n\nclass A:\n    # why\n    def f(self, x):\n        g(x)\n\n        return h(x, 1)\n"
    names = [[change.name for change in mutations.changes(source)] for source in (one, two)]
    assert names[0] == names[1]
    assert "A.f: return h(x, 1) → return h(x, 2)" in names[0]


def test_same_change_twice(mutations: ModuleType) -> None:
    """Changes of one function that say the same are numbered."""
    names = [c.name for c in mutations.changes(b"def f():\n  g()\n  g()\n")]
    assert names == ["f: g() → deleted", "f: g() → deleted #2"]


def mutate(mini: Learner, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Give the command on the miniature course; its exit code, and what it prints."""
    import mutate

    listed = mini.root / "equivalent.toml"
    code = mutate.main(
        ["stage1_echo", "--root", str(mini.root), "--equivalent", str(listed), *words]
    )
    return code, capsys.readouterr().out


def listing(mini: Learner, *names: str) -> None:
    """Put these names into the list of survivors that no test can catch."""
    entry = "".join(f'  "{name}",\n' for name in names)
    mini.write(f'[[equivalent]]\nreason = "so"\nsurvivors = [\n{entry}]\n', "equivalent.toml")


def test_survivor(mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A change that the tests let through fails the command, and is named with its place; those that they catch are not."""
    code, out = mutate(mini, capsys)
    assert code == 1
    assert out.splitlines() == [
        f"{SURVIVOR}   (solutions/stage1_echo/echo.py:27)",
        "stage1_echo: of 19 mutants of what learners write, 1 survive, 1 of them unexplained",
    ]


def test_explained(
    mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that is in the list, with its reason, does not."""
    listing(mini, SURVIVOR)
    code, out = mutate(mini, capsys)
    assert (code, SURVIVOR in out) == (0, False)


@pytest.mark.parametrize(
    ("name", "why"),
    [(CAUGHT, "is caught now"), (f"{CAUGHT} once more", "is no change any more")],
)
def test_stale(
    mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    """The list may only shrink: an entry that is caught, or whose code is gone, fails the command."""
    listing(mini, SURVIVOR, name)
    code, out = mutate(mini, capsys)
    assert code == 1
    assert f"equivalent.toml: {why}: {name}\n" in out


def test_test_taken_away(
    mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a test taken away, what only that one catches survives."""
    text = mini.path(TESTS).read_text("utf-8")
    mini.write(text.replace("test_closes", "look_that_it_closes"), TESTS)
    code, out = mutate(mini, capsys, "--match", "Echo")
    assert code == 1
    assert CAUGHT in out
    assert "self.transport.write(data)" not in out


def test_given(mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """What learners do not write is changed only when asked for."""
    path = "solutions/stage1_echo/echo.py"
    text = mini.path(path).read_text("utf-8")
    mini.write(text.replace("assert self.transport is not None", "len(data)"), path)
    assert "len(data)" not in mutate(mini, capsys, "--list")[1]
    out = mutate(mini, capsys, "--given")[1]
    assert "Echo.dataReceived: len(data) → deleted   (solutions/stage1_echo/echo.py:13)\n" in out


def test_hang_is_caught(
    mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change by which a test never ends is caught."""
    path = "solutions/stage2_count/count.py"
    mini.write(
        '"""A counter."""\n\n\ndef count(data: bytes) -> int:\n'
        "    ### BEGIN SOLUTION Step 1: count the bytes\n"
        "    n = 0\n    while data[n:]:\n        n += 1\n    return n\n    ### END SOLUTION\n",
        path,
    )
    import mutate

    code = mutate.main(["stage2_count", "--root", str(mini.root), "--match", "n += 1 → deleted"])
    assert (code, capsys.readouterr().out) == (
        0,
        "stage2_count: of 1 mutants of what learners write, 0 survive, 0 of them unexplained\n",
    )


def test_wrong_solution(
    mini: Learner, mutations: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the solution itself fails, nothing could be said of its changes: the command says that."""
    mini.write(mini.path(TESTS).read_text("utf-8").replace('b"end."', 'b"end"'), TESTS)
    assert mutate(mini, capsys) == (2, "")


def test_refused_late(mini: Learner, mutations: ModuleType) -> None:
    """A mistake in one step's code that this step lets through, and a later one refuses, is found."""
    import earlier

    from workshop.course import load

    path = "solutions/stage1_echo/mutants.toml"
    mutant = """
[[mutant]]
name = "from_the_right"
bug = "What is sent back loses its last blanks."
source = "P1"
file = "echo.py"
step = 2
find = "write(data)"
replace = "write(data.rstrip())"
"""
    mini.write(mini.path(path).read_text("utf-8") + mutant, path)
    found = earlier.late(load(mini.root).stage("stage1_echo"))
    assert [(step, mutant.name) for step, mutant in found] == [(1, "from_the_right")]


def test_list_is_of_this_code(mutations: ModuleType) -> None:
    """Each entry of the repository's own list is a change to code as it is, and has a sentence for a reason."""
    import mutate

    from workshop.course import load

    course, known = load(mutate.ROOT), mutate.equivalents(mutate.EQUIVALENT)
    files = {tuple(name.partition(":")[0].split("/", 1)) for name in known}
    names = {
        mutant.name
        for stage, file in files
        for given in (False, True)
        for mutant in mutate.mutants(course.stage(stage), file, given)
    }
    assert set(known) - names == set()
    assert all(reason.endswith(".") for reason in known.values())
