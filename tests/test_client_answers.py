"""What stage6_client's README says holds for each right answer, in corners too; and by what words a list is read."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asking
import pytest
from serving import BOUND, ROOT

from workshop.course import load
from workshop.course.solutions import answer
from workshop.judge.learner import LIST, read_list
from workshop.judge.programs import REFERENCE, right_answers
from workshop.runner.layout import lay

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

STAGE = load(ROOT).stage("stage6_client")
URL = "http://example.org/dir/page?a=b"
OK = "HTTP/1.1 200 OK\r\n"
CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n"
SHORT = OK + "Content-Length: 3\r\n\r\nabc"
LONGEST_HEAD = 65_536
MANY = 600

Case = dict[str, Any]

each_answer = pytest.mark.parametrize("name", right_answers(STAGE))


def played(name: str, cases: list[Case]) -> list[Any]:
    """What comes of each case with that right answer."""
    with tempfile.TemporaryDirectory() as folder:
        lay(STAGE, Path(folder), {**answer(STAGE), **right_answers(STAGE)[name]})
        results: list[Any] = asking.said(Path(folder), "play", cases, 3 * BOUND)
        return results


def request(url: str = URL, *connections: Any, method: str = "GET", **more: Any) -> Case:
    """A case. A connection that is no pair brings so many bytes, and does not end."""
    pairs = [([one], None) if isinstance(one, str) else one for one in connections]
    return {"method": method, "url": url, "connections": pairs, **more}


def moved(*locations: str) -> str:
    """A redirect."""
    fields = "".join(f"Location: {location}\r\n" for location in locations)
    return f"HTTP/1.1 302 Found\r\n{fields}Content-Length: 0\r\n\r\n"


# What may not be sent, and what may.
REFUSED = ["http://example.org]/", "http://[::1/", "http://\u212a.org/", "http://\u017f.org/"]
REFUSED += ["http://[1:2]/", "http://[::::]/", "http://[1.2.3.4]/", "http:///", "http:x", "//a/"]
REFUSED += ["http://a:0/", "http://a:65536/", "http://a:/", "http://u@a/", "http://a/\t", "http://"]
SENT = {
    "http://K.org": ("k.org", 80, "/"),
    "HTTP://a_b-c.d:065/?e#\tf": ("a_b-c.d", 65, "/?e"),
    "http://a?b": ("a", 80, "/?b"),
    "http://[::FFFF:1.2.3.4]:8080/./../%7e": ("::ffff:1.2.3.4", 8080, "/./../%7e"),
}
# Where a Location leads: host, port, target; None is a BadAnswer.
LOCATIONS = {
    "http://[x/": None,
    "/a\tb": None,
    "\x01/a": None,
    "/\xe9": None,
    "/a#\xe9": None,
    "http:///": None,
    "http:///c": None,
    "HTTP:c": None,
    "http:": None,
    "///c": None,
    "http://b]/": None,
    "http://[1:2]/": None,
    "": ("example.org", 80, "/dir/page?a=b"),
    "#d": ("example.org", 80, "/dir/page?a=b"),
    "?d": ("example.org", 80, "/dir/page?d"),
    "d:81/c": None,
    "./d:81/c": ("example.org", 80, "/dir/d:81/c"),
    "../c": ("example.org", 80, "/c"),
    "//B:81/c": ("b", 81, "/c"),
    "http://b/c/../d?": ("b", 80, "/c/../d?"),
    "http://[::1]/": ("::1", 80, "/"),
}


@each_answer
def test_what_may_be_sent(name: str) -> None:
    """A URL that the README refuses is a ValueError, and nothing is connected; one that it does not is sent."""
    for url, result in zip(REFUSED, played(name, [*map(request, REFUSED)]), strict=True):
        assert (result["got"], result["asked"]) == ("ValueError", []), url
    results = played(name, [request(url, "") for url in SENT])
    for (url, (host, port, target)), result in zip(SENT.items(), results, strict=True):
        assert result["asked"] == [[host, port]], url
        assert result["sent"][0].startswith(f"GET {target} HTTP/1.1\r\n"), url


@each_answer
def test_locations(name: str) -> None:
    """A Location leads where the README says, or is a BadAnswer, of which nothing is left."""
    results = played(name, [request(URL, moved(location), SHORT) for location in LOCATIONS])
    for (location, there), result in zip(LOCATIONS.items(), results, strict=True):
        if there is None:
            assert (result["got"], len(result["asked"])) == ("BadAnswer", 1), location
        else:
            assert result["got"][0] == 200, location
            assert result["asked"][1] == [*there[:2]], location
            assert result["sent"][1].startswith(f"GET {there[2]} HTTP/1.1\r\n"), location


@each_answer
def test_redirects(name: str) -> None:
    """What goes along with a redirect, which of two Locations counts, and which failure one too many is."""
    secret = [["Cookie", "secret"]]
    there_and_back, along, two, loop, *last = played(
        name,
        [
            request(URL, moved("http://b/"), moved(URL), SHORT, fields=secret),
            request(URL, moved("//b/"), SHORT, content="whole\r\n"),
            request(URL, moved("/first", "/second"), SHORT),
            request(URL, *[moved("")] * 9, settings={"most_redirects": 3}),
            request(URL, moved("https://a/"), settings={"most_redirects": 0}),
            request(URL, moved("/a"), settings={"most_redirects": 0}),
        ],
    )
    assert ["secret" in sent for sent in there_and_back["sent"]] == [True, False, False]
    assert [sent.partition("\r\n\r\n")[2] for sent in along["sent"]] == ["whole\r\n"] * 2
    assert two["sent"][1].startswith("GET /first ")
    assert (loop["got"], len(loop["asked"])) == ("TooManyRedirects", 4)
    assert last[0]["got"] in ("TooManyRedirects", "BadAnswer")
    assert last[1]["got"] == "TooManyRedirects"


@each_answer
def test_lines_of_chunks(name: str) -> None:
    """Sizes, and what may follow them; the bounds of lines and of the head, to the byte."""
    whole = [200, "OK", [["Transfer-Encoding", "chunked"]], "a"]
    fill = LONGEST_HEAD - 4
    cases: dict[str, tuple[Any, ...]] = {
        CHUNKED + "1;x=y\r\na\r\n0;\r\nT: t\r\nnot a field\r\n\r\n": (whole,),
        CHUNKED + "01;\r\na\r\n00\r\n\r\n": (whole,),
        CHUNKED + "1 \r\na\r\n0\r\n\r\n": (whole, "BadAnswer"),
        CHUNKED + "1 ;\r\na\r\n0\r\n\r\n": (whole, "BadAnswer"),
        CHUNKED + "1;\0\r\na\r\n0\r\n\r\n": (whole, "BadAnswer"),
        CHUNKED + "1;\n\r\na\r\n0\r\n\r\n": (whole, "BadAnswer"),
        CHUNKED + "1\n\r\na\r\n0\r\n\r\n": ("BadAnswer",),
        CHUNKED + "1\t1\r\na\r\n0\r\n\r\n": ("BadAnswer",),
        CHUNKED + ";\r\na\r\n0\r\n\r\n": ("BadAnswer",),
        CHUNKED + f"1;{'x' * fill}\r\na\r\n0\r\n\r\n": (whole,),
        CHUNKED + f"1;{'x' * fill}x": ("pending",),
        CHUNKED + f"1;{'x' * fill}xyz": ("TooLong",),
        CHUNKED + f"1\r\na\r\n0\r\nT:{'x' * fill}\r\n\r\n": (whole,),
        CHUNKED + f"1\r\na\r\n0\r\nT:{'x' * fill}xyz": ("TooLong",),
        OK + f"X:{'x' * (fill - len(OK))}xyz": ("TooLong",),
    }
    results = played(name, [request(URL, wire) for wire in cases])
    for (wire, right), result in zip(cases.items(), results, strict=True):
        assert result["got"] in right, wire[:200]


def random_answer(random: random.Random, corrupt: bool = False) -> tuple[Case, Any]:
    """A random answer, cut short or not, in random chunks; and what may come of it."""
    # A semicolon or a blank that ends up in the line of a chunk's size would leave two answers right.
    content = "".join(
        random.choices(
            "ab\r\n0:" if corrupt else "ab\r\n0;: \0\xe9", k=random.choice([0, 1, 3, 30])
        )
    )
    kind = random.choice(["length", "chunked", "open"])
    # Whether a wrong length is looked at where there is no content is left free.
    method = random.choice(["GET"] * 6 + ["POST" if corrupt else "HEAD", "POST"])
    status = random.choice([200] * 8 + [404] + ([] if corrupt else [204, 304]))
    fields = [[random.choice(["A", "a", "Set-Cookie"]), random.choice(["", "x", "y: z"])]]
    body = content
    if kind == "length":
        fields.append([random.choice(["Content-Length", "cOntent-lengtH"]), f"{len(content):03}"])
    elif kind == "chunked":
        fields.append(["transfer-ENCODING", random.choice(["chunked", "Chunked"])])
        pieces = list(cut(random, content))
        after = "" if corrupt else random.choice(["", ";x", ';x="y "'])
        body = "".join(
            f"{len(one):0{random.randrange(1, 4)}X}{after}\r\n{one}\r\n" for one in pieces
        )
        body += random.choice(["0\r\n\r\n", "00\r\nT: t\r\nU\r\n\r\n"])
    random.shuffle(fields)
    lines = [f"{name}:{' ' * random.randrange(3)}{value}\t\r\n" for name, value in fields]
    head = "".join([f"HTTP/1.1 {status} Well  then\r\n", *lines, "\r\n"])
    head = "".join(random.choices(["", "HTTP/1.0 103 E\r\nContent-Length: x\r\n\r\n"], k=2)) + head
    if method == "HEAD" or status in (204, 304):
        kind, content = "none", ""
        wire, whole = head + random.choice(["", body]), len(head)
    else:
        wire, whole = head + body, len(head + body)
    longest = max(0, len(content) + random.choice([-1, 0, 1, 100]))
    end = random.choice([None, "done", "lost"])
    if corrupt:
        at, new = (
            random.randrange(len(wire)),
            random.choice("\r\n\0:0a9\xe9" if body else "\r\n :x"),
        )
        wire = wire[:at] + random.choice(["", new]) + wire[at + random.randrange(2) :]
        end = "done"
    elif random.random() < 0.3:
        wire = wire[: random.randrange(len(wire))]
    case = request(
        URL, (list(cut(random, wire)), end), method=method, settings={"longest": longest}
    )
    return case, tuple(
        outcomes(kind, wire, len(head), whole, content, longest, end, status, fields)
    )


def outcomes(
    kind: str,
    wire: str,
    head: int,
    whole: int,
    content: str,
    longest: int,
    end: str | None,
    *parts: Any,
) -> Iterator[Any]:
    """What is right for an answer that was made like this, by the README."""
    status, fields = parts
    if kind == "open" and len(wire) >= head:
        content = wire[head:]
        if len(content) <= longest and end != "done":
            yield "BrokenOff" if end else "pending"
            return
    elif len(wire) < whole:
        yield "BrokenOff" if end else "pending"
        if len(content) > longest:
            yield "TooLong"
        return
    yield "TooLong" if len(content) > longest else [status, "Well  then", fields, content]


def cut(random: random.Random, text: str) -> Iterator[str]:
    """The text in random pieces, none of them empty."""
    sizes = random.choice([[1], [1, 2, 9], [len(text)]])
    while text:
        size = random.choice(sizes)
        yield text[:size]
        text = text[size:]


@each_answer
def test_random_answers(name: str) -> None:
    """Whatever is sent in whatever chunks, cut wherever: what comes of it is what the README says."""
    dice = random.Random(6)
    cases = [random_answer(dice) for _ in range(MANY)]
    for (case, right), result in zip(cases, played(name, [c for c, _ in cases]), strict=True):
        assert result["got"] in right, case


@functools.lru_cache
def corrupted(name: str) -> list[tuple[Case, Any]]:
    """What a right answer makes of answers with a byte that is wrong. One failure is as good as another here."""
    dice = random.Random(7)
    cases = [random_answer(dice, corrupt=True)[0] for _ in range(MANY)]
    got = [result["got"] for result in played(name, cases)]
    return [
        (case, one if isinstance(one, list) else "failed")
        for case, one in zip(cases, got, strict=True)
    ]


@each_answer
def test_corrupted_answers(name: str) -> None:
    """An answer with a byte that is wrong is the same, or a failure, for all."""
    failed = 0
    for (case, got), (_, right) in zip(corrupted(name), corrupted(REFERENCE), strict=True):
        assert got == right, case
        failed += got == "failed"
    assert MANY / 5 < failed < 4 * MANY / 5


LINES: dict[str, list[int]] = tomllib.loads(
    Path(__file__).with_name("list_lines.toml").read_text("utf-8")
)


def spoken_of(folder: Path, text: str) -> dict[str, list[int]]:
    """The lines of such a list, and the kinds that each is taken to speak of."""
    stage = dataclasses.replace(STAGE, root=folder)
    stage.folder.mkdir(parents=True)
    (stage.folder / LIST).write_text(text, "utf-8")
    stage.__dict__["kinds"] = STAGE.kinds
    items = read_list(stage)
    assert items is not None
    return {item.text: [kind.number for kind in item.kinds] for item in items}


def test_lines_of_a_list(tmp_path: Path) -> None:
    """A line of a learner's list is taken to speak of what it speaks of."""
    got = spoken_of(tmp_path, "".join(f"- {line}\n" for line in LINES))
    wrong = [
        f"{line}: {got[line]}, not {kinds}" for line, kinds in LINES.items() if got[line] != kinds
    ]
    assert not wrong, "\n".join(wrong)


def test_list_of_the_reference(tmp_path: Path) -> None:
    """The reference's list speaks of each kind."""
    got = spoken_of(tmp_path, answer(STAGE)[LIST])
    assert {n for kinds in got.values() for n in kinds} == {kind.number for kind in STAGE.kinds}


def choices(pattern: str) -> Iterator[str]:
    """The pattern with no other way than one branch of one of its groups; once for each. Lookarounds stay whole."""
    pattern = f"({pattern})"
    opened: list[list[int]] = []
    branches = []
    around = 0
    for token in re.finditer(r"\\.|\[[^]]*\]|[(|)]", pattern):
        at = token.start()
        if token[0] == "(":
            opened.append([at])
            around += pattern.startswith("(?", at)
        elif token[0] == "|":
            opened[-1].append(at)
        elif token[0] == ")":
            bars = [*opened.pop(), at]
            if not around:
                branches += [(bars[0], *pair, at) for pair in itertools.pairwise(bars)]
            around -= pattern.startswith("(?", bars[0])
    for _, begin, end, _ in branches:
        gone: set[int] = set()
        for first, start, stop, last in branches:
            if start <= begin and end <= stop:
                gone |= {*range(first + 1, start + 1), *range(stop, last)}
                gone |= {last + 1} if pattern.startswith("?", last + 1) else set()
        yield "".join(letter for at, letter in enumerate(pattern) if at not in gone)


def test_words_of_a_list() -> None:
    """Each branch of each pattern is in a line that is about its kind, so that a misspelt one is noticed."""
    unmet = [
        f"kind {kind.number}: no line of list_lines.toml has {choice}"
        for kind in STAGE.kinds
        for words in kind.words
        for choice in choices(words)
        if not any(kind.number in of and re.search(choice, a, re.I) for a, of in LINES.items())
    ]
    assert not unmet, "\n".join(unmet)
