"""Commands for a terminal, in a README, as what the page has for them: buttons or links; some need a machine.

A README may also have parts that are of no use here, between the comments ``<!-- in a terminal -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import html
import re

from markdown_it.token import Token

from workshop.course import Course, CourseError, Stage

TOOL = re.compile(
    r"python3 -m workshop (?P<word>run|hint|solution) (?P<stage>\w+)(?: (?:--upto )?(?P<step>\d+(?:-\d+)?))?(?: --apply)?"
)
HUNT = re.compile(r"python3 -m workshop hunt (?P<target>[\w.]+)")
TRIAL = re.compile(
    r"trial (?P<options>(?:(?:-x|--force-gc|--order \w+) )*)(?P<target>exercises\.[\w.]+)"
)
COMMAND = re.compile(r"(?:python3? -m|trial) \S")
LECTURE = re.compile(r"python3 -m workshop lab (?P<stage>\w+)")
ENVIRONMENT = re.compile(r"\. \.venv\b")
# How to run trial in a terminal; the page has a button.
NEEDS = re.compile(
    r"`trial`[^.]*? needs? the course's[\s>]+environment(?:;\s+stage0_setup\s+says\s+how\s+to\s+enter\s+it)?\."
)
BEGIN, END = "<!-- in a terminal -->", "<!-- end -->"


def without_terminal(text: str) -> str:
    """Return a README's text without what is only of use in a terminal."""
    text = re.sub(rf"{BEGIN}.*?{END}", "", text, flags=re.S)
    return NEEDS.sub("", text)


def rewrite(course: Course, tokens: list[Token]) -> None:
    """Put buttons in place of commands."""
    for token in tokens:
        if token.type in ("fence", "code_block") and (rows := _rows(course, token.content)):
            token.type, token.content = "html_block", rows
        for one in token.children or []:
            if one.type == "code_inline":
                _rewrite_inline(course, one)


def _rewrite_inline(course: Course, token: Token) -> None:
    text = token.content
    if lecture := LECTURE.fullmatch(text):
        stage = _stage(course, lecture["stage"])
        if stage and stage.notebook.is_file():
            link = f'<a href="notebooks/{stage.name}.html" target="_blank" rel="noopener">{html.escape(stage.title)}</a>'
            token.type, token.content = "html_inline", link
    elif found := _door(course, text):
        # A link, since a button's words do not wrap with those around it.
        made = (
            f'<a href="#{found[1]["stage"]}"{_data(found[1])}><code>{html.escape(text)}</code></a>'
        )
        token.type, token.content = "html_inline", made


def _rows(course: Course, text: str) -> str:
    """Return the lines of a box of commands as a list, each with what it does; "" if the box has others, or no button."""
    lines = [line for line in text.splitlines() if line.strip() and not ENVIRONMENT.match(line)]
    if not all(COMMAND.match(line) for line in lines):
        return ""
    made, doors = [], 0
    for line in lines:
        command, _, gloss = (part.strip() for part in line.partition("  "))
        if found := _door(course, command):
            doors += 1
            what = _button(found[1], html.escape(found[0]))
        else:
            what = f"<code>{html.escape(command)}</code>"
            gloss = f"{gloss} (on a machine)".strip()
        made.append(f"<li>{what} <span>{html.escape(gloss)}</span></li>\n")
    return f'<ul class="commands">\n{"".join(made)}</ul>\n' if doors else ""


def _button(facts: dict[str, str], shown: str) -> str:
    return f'<button type="button" class="link"{_data(facts)}>{shown}</button>'


def _data(facts: dict[str, str]) -> str:
    return "".join(f' data-{name}="{html.escape(value)}"' for name, value in facts.items())


def _door(course: Course, text: str) -> tuple[str, dict[str, str]] | None:
    """Return a button's name, and what pressing it does, for a command; None if the page has none for it."""
    if found := TOOL.fullmatch(text):
        stage, word, step = _stage(course, found["stage"]), found["word"], found["step"] or ""
        if not stage:
            return None
        what = "number" if stage.judged else "step"
        what += "s" * ("-" in step)
        name = {
            "run": f"Only {what} {step}" if step else "Run",
            "hint": f"Hint for {what} {step}" if step else "Hint",
            "solution": f"Solution up to {what} {step}" if step else "Solution",
        }[word]
        facts = {"press": word, "stage": stage.name, "step": step}
        return name, {name: value for name, value in facts.items() if value}
    if found := HUNT.fullmatch(text) or TRIAL.fullmatch(text):
        word = "trial" if text.startswith("trial") else "hunt"
        target = found["target"]
        first, _, rest = target.removeprefix("exercises.").partition(".")
        if stage := _stage(course, first):
            facts = {"press": word, "stage": stage.name, "target": target}
            options = (found.groupdict().get("options") or "").strip()
            if options:
                facts["options"] = options
            return " ".join(filter(None, (word.capitalize(), options, rest))), facts
    return None


def _stage(course: Course, name: str) -> Stage | None:
    try:
        return course.stage(name)
    except CourseError:
        return None
