"""The files of a new stage of one step, with TODO for whatever is left to write."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workshop.course import Course, CourseError, load
from workshop.course.files import made_fingerprints, write
from workshop.course.plan import ALL
from workshop.course.solutions import answer

LONGEST_TITLE = 40

SOLVED = """\
\"\"\"TODO: what this module is for.\"\"\"


def {word}(data: bytes) -> bytes:
    \"\"\"TODO: the contract of what the learner writes.\"\"\"
    ### BEGIN SOLUTION Step 1: TODO, what is missing, in a few words
    return data
    ### END SOLUTION
"""
TESTS = """\
\"\"\"Provided tests: {title}.\"\"\"

from twisted.trial.unittest import SynchronousTestCase

from .{word} import {word}


class Step01Todo(SynchronousTestCase):
    \"\"\"TODO: what to build, in at most 70 characters.

    Write {word} in {word}.py. TODO: why, in a few lines.
    \"\"\"

    def test_todo(self) -> None:
        \"\"\"TODO: one sentence that states a requirement.\"\"\"
        got = {word}(b"TODO")
        self.assertEqual(got, b"", f"{word}(b'TODO'): expected b'', got {{got!r}}.")
"""
MUTANTS = """\
# Mistakes that someone would make. Step 1's tests must fail on each.

[[mutant]]
name = "todo"
bug = "TODO: what a user of such a program would notice."
source = "TODO"
file = "{word}.py"
step = 1
find = "return data"
replace = "return data + data"
"""
HINTS = """\
# Hints: {name}

## Step 1
### Question
TODO: a question that leads to the thought.
### Pointer
TODO: where to read.
### Shape
```python
return ...  # TODO: the shape of the code
```
"""
README = """\
# {name}: {title}

> **Steps in class: 1.**
>
> TODO: what is built here. You edit `{word}.py`.
>
> ```
> python3 -m workshop run {name}    the first step that fails, in plain words
> trial exercises.{name}            the same tests, without the tool
> ```

TODO: why, and which of the five difficulties it trains. A class takes {minutes} minutes; alone, it takes TODO minutes.

## Step 1

TODO: everything that the tests of this step demand.
"""
ENTRY = """
[[stage]]
name = "{name}"
title = "{title}"
minutes = {minutes}
alone = "TODO"
part = [
    {{ place = "in class", minutes = {work}, steps = "1" }},
]
track = "extra"
kind = "provided tests"
edit = ["{word}.py"]
"""
PAUSE = 10
BREAK = """
[[break]]
after = "{last}"
minutes = {pause}
tracks = ["all"]
"""
ROW = "| [{name}](exercises/{name}/README.md) | {minutes} | TODO | TODO: what you build |\n"
SECTION = """\
### {name}: {minutes} minutes, without a talk

**Goal.** TODO

**Steps in class: 1.**

| where people stick | ask, or do |
|---|---|
| TODO | TODO |

"""


def begin(course: Course, name: str, title: str, minutes: int) -> list[str]:
    """Write the files of a new stage, and enter it in course.toml, README.md and slides/README.md.

    Returns:
        The places where something is left to write: paths with slashes, each with a line number.

    Raises:
        CourseError: The name or the title is not allowed, or the stage exists; nothing was written.
    """
    found = re.fullmatch(r"stage(\d+[a-z]?)_([a-z][a-z0-9]*)", name)
    if not found:
        raise CourseError(f'"{name}" is not a name for a stage; write it as stage10_echo.')
    if not 0 < len(title) <= LONGEST_TITLE or '"' in title or not title.isprintable():
        raise CourseError(f"A title has 1 to {LONGEST_TITLE} characters, and no quotation marks.")
    numbers = [_number(one.name) for one in course.stages]
    if _number(name) in numbers:
        raise CourseError(f"There is a stage {found[1]}. The next is stage{max(numbers)[0] + 1}.")
    # Some of the minutes are for reading.
    work = minutes * 3 // 4
    facts = {"name": name, "title": title, "minutes": minutes, "work": work, "word": found[2]}
    files = {
        f"exercises/{name}/__init__.py": f'"""{title}."""\n',
        f"exercises/{name}/README.md": README.format(**facts),
        f"exercises/{name}/hints.md": HINTS.format(**facts),
        f"exercises/{name}/test_{found[2]}.py": TESTS.format(**facts),
        f"solutions/{name}/{found[2]}.py": SOLVED.format(**facts),
        f"solutions/{name}/mutants.toml": MUTANTS.format(**facts),
        **_entered(course, facts),
    }
    for path, text in files.items():
        write(course.root / path, text.encode())
    course = load(course.root)
    starter = answer(course.stage(name), 0)[f"{found[2]}.py"]
    write(course.root / "exercises" / name / f"{found[2]}.py", starter.encode())
    write(course.root / "solutions" / "provided.sha256", made_fingerprints(course).encode())
    return [
        f"{path}, line {number}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if "TODO" in line
    ]


def _number(name: str) -> tuple[int, str]:
    """Return a stage's number, as it is counted: stage3b comes after stage3, and before stage4."""
    found = re.match(r"stage(\d+)([a-z]?)_", name)
    return (int(found[1]), found[2]) if found else (-1, "")


def _entered(course: Course, facts: Mapping[str, object]) -> dict[str, str]:
    """Return the files that list the stages, with one more stage, after those whose numbers are less than its own."""
    names = ("exercises/course.toml", "README.md", "slides/README.md")
    contents, readme, guide = ((course.root / name).read_text("utf-8") for name in names)
    number = _number(str(facts["name"]))
    before = [stage.name for stage in course.stages if _number(stage.name) < number]
    last = (before or [course.stages[-1].name])[-1]
    end = contents.index("\n\n", contents.index(f'name = "{last}"')) + 1
    contents = contents[:end] + ENTRY.format(**facts) + contents[end:]
    # A class that does all stages takes that much longer, and needs a break.
    more = int(str(facts["minutes"])) + PAUSE
    contents, guide = (
        re.sub(start + r"(\d+)", lambda found: f"{found[1]}{int(found[2]) + more}", text, count=1)
        for text, start in (
            (contents, r'(\nname = "all"\n(?:title = .*\n)?minutes = )'),
            (guide, r"(\| `all` \| )"),
        )
    )
    if last not in [one.after for one in course.breaks if ALL in one.tracks or not one.tracks]:
        contents += BREAK.format(last=last, pause=PAUSE)
    row = readme.index("\n", readme.index(f"| [{last}]")) + 1
    readme = readme[:row] + ROW.format(**facts) + readme[row:]
    section = re.compile(r"^#{2,3} ", re.M).search(guide, guide.index(f"### {last}:") + 4)
    at = section.start() if section else len(guide)
    guide = guide[:at] + SECTION.format(**facts) + guide[at:]
    return dict(zip(names, (contents, readme, guide), strict=True))
