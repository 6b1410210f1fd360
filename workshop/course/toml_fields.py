"""TOML files as the fields of dataclasses: a slip in one is reported, not dropped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class CourseError(Exception):
    """The course's own files are wrong, or lack something that was requested. str() is for the user."""


def read(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        CourseError: It is not UTF-8, or not TOML; the message has the place.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path}: {error}") from error
    return data


Entry = TypeVar("Entry")

# The type that TOML has for a dataclass's field, by the field's annotation.
TYPES = {
    "int": int,
    "str": str,
    "tuple[str, ...]": list,
    "Path": Path,
    "bool": bool,
    "tuple[Part, ...]": list,
}


def checked_fields(entry: Mapping[str, Any], kind: type, where: str) -> dict[str, Any]:
    """Return the entry, with lists as tuples, if its keys are the dataclass's fields and its values have their types.

    Raises:
        CourseError: They do not; the message begins with ``where``.
    """
    wanted = {field.name: str(field.type) for field in fields(kind)}
    wrong = sorted(set(wanted) ^ set(entry))
    if wrong:
        raise CourseError(
            f"{where}: the fields are {', '.join(wanted)}; wrong or missing: {', '.join(wrong)}."
        )
    for name, value in entry.items():
        if not isinstance(value, TYPES[wanted[name]]):
            raise CourseError(f"{where}: {name} is {value!r}; it must be {wanted[name]}.")
    return {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items()}


def entries(
    data: Mapping[str, Any], kind: type[Entry], file: str, **defaults: object
) -> tuple[Entry, ...]:
    """Return a file's entries of one kind as dataclasses: its [[mutant]] tables if ``kind`` is Mutant.

    Raises:
        CourseError: One has a missing or unknown field, or a value of another type.
    """
    name = kind.__name__.lower()
    return tuple(
        kind(**checked_fields({**defaults, **entry}, kind, f"{file}, {name} {n}"))
        for n, entry in enumerate(data.get(name, []), 1)
    )
