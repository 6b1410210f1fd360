"""Make the README's table: what trial says of each kind of leftover, without txtidy and with it.

python tests/table.py           prints it
python tests/table.py --write   puts it into README.md
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- made by tests/table.py -->\n", "<!-- end -->\n"
BOUND = 2.0
"""Seconds after which a process that has reported its verdict counts as one that never ends."""


def run_here(mode: str, numbers: list[int]) -> None:
    """Run kinds in this process. Prints the verdicts of each, as JSON, on a line."""
    import inner
    import kinds

    for number in numbers:
        said = inner.run(kinds.case(number, mode))
        print(json.dumps([number, said]), flush=True)


def run(mode: str, numbers: list[int]) -> dict[int, Any]:
    """Run kinds in a process. Returns the verdicts by number; "hangs" among them if it did not end."""
    words = [sys.executable, __file__, "--run", mode, *map(str, numbers)]
    path = [str(HERE), str(HERE.parent / "src"), *filter(None, sys.path)]
    environment = {"PYTHONPATH": ":".join(path), "PATH": "/usr/bin:/bin"}
    child = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None and child.stderr is not None
    found = {}
    for _ in numbers:
        line = child.stdout.readline()
        assert line, child.stderr.read()
        number, said = json.loads(line)
        found[number] = said
    try:
        child.wait(BOUND)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        found[numbers[-1]]["hangs"] = []
    child.stdout.close()
    child.stderr.close()
    return found


def told(said: dict[str, Any]) -> str:
    """What trial says, in short: with the message of NotTidy, if there is one."""
    from inner import lines, message

    words = []
    for kind, text in said["test_kind"]:
        if message(text):
            words += [f"[{kind}] {line}" for line in lines(message(text))]
        elif "DirtyReactor" in text:
            words.append(f"[{kind}] DirtyReactorAggregateError")
        elif text:
            words.append(f"[{kind}] {text.strip().splitlines()[-1]}")
        else:
            words.append(f"[{kind}]")
    if said["test_z_innocent"] != [["OK", ""]]:
        words.append("**the next test is blamed**")
    if "hangs" in said:
        words.append("**the process never ends**")
    return ", ".join(words).replace("|", "\\|").replace("<", "&lt;")


def rows() -> list[Any]:
    """Run everything."""
    import kinds

    numbers = range(len(kinds.KINDS))
    found: dict[tuple[str, int], Any] = {}
    for mode in ("without", "with"):
        alone = [n for n in numbers if kinds.KINDS[n][1] in (mode, "both")]
        for group in [[n for n in numbers if n not in alone], *([n] for n in alone)]:
            for number, said in run(mode, group).items():
                found[mode, number] = told(said)
    return [(kinds.KINDS[n][0], found["without", n], found["with", n]) for n in numbers]


def table(made: list[Any]) -> str:
    """The table, in Markdown."""
    head = "| left behind | trial alone | trial with txtidy |\n|---|---|---|\n"
    tidy = [
        (title, without, "tidy" if with_ == "[OK]" else with_) for title, without, with_ in made
    ]
    return head + "".join(f"| {' | '.join(row)} |\n" for row in tidy)


def in_readme() -> str:
    """The table that README.md has."""
    found = re.search(f"{BEGIN}(.*?){END}", README.read_text("utf-8"), re.S)
    assert found, "README.md has no table"
    return found[1]


def main(words: list[str]) -> None:
    if words[:1] == ["--run"]:
        run_here(words[1], [int(word) for word in words[2:]])
        return
    made = table(rows())
    if words == ["--write"]:
        old = f"{BEGIN}{in_readme()}{END}"
        text = README.read_text("utf-8").replace(old, f"{BEGIN}{made}{END}")
        README.write_text(text, "utf-8")
    else:
        print(made, end="")


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent / "src")]
    main(sys.argv[1:])
