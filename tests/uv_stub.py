"""Stands in for uv in the tests of the offline folder: lists what requirements need on a system, from folders of wheels.

It knows the options that the tool uses, and refuses others. It takes the newest wheel of each name.
"""

import argparse
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

SYSTEMS = {"windows": "win32", "darwin": "darwin", "manylinux_2_28": "linux"}


def listed(folders: list[str], asked: list[str], system: str, python: str) -> dict[str, str]:
    """Return the name and version of each package, without looking at the tags of wheels, as conditions decide."""
    there = {}
    for path in sorted(path for folder in folders for path in Path(folder).glob("*.whl")):
        there[parse_wheel_filename(path.name)[0]] = path
    conditions = {"sys_platform": SYSTEMS[system], "python_version": python, "extra": ""}
    found: dict[str, str] = {}
    waiting = [*asked]
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if (requirement.marker and not requirement.marker.evaluate(conditions)) or name in found:
            continue
        if name not in there:
            sys.exit(
                "error: No solution found when resolving dependencies\n"
                f"  cause: Because {name} was not found, your requirements\n  are unsatisfiable.\n\n"
                "hint: Ask somebody else."
            )
        found[name] = str(parse_wheel_filename(there[name].name)[1])
        with zipfile.ZipFile(there[name]) as file:
            metadata = next(one for one in file.namelist() if one.endswith("/METADATA"))
            headers = HeaderParser().parsestr(file.read(metadata).decode())
        waiting += headers.get_all("Requires-Dist", [])
    return found


parser = argparse.ArgumentParser()
parser.add_argument("words", nargs=2)
for option in ("python-platform", "python-version", "python", "only-binary", "index-strategy"):
    parser.add_argument(f"--{option}", required=True)
for option in ("find-links", "default-index"):
    parser.add_argument(f"--{option}", action="append", default=[])
for option in ("quiet", "no-header", "no-annotate", "no-index"):
    parser.add_argument(f"--{option}", action="store_true")
parser.add_argument("--output-file", type=Path)
parser.add_argument("asked", type=Path)
options = parser.parse_args()
assert options.words == ["pip", "compile"] and options.only_binary == ":all:"
packages = listed(
    options.find_links,
    options.asked.read_text().splitlines(),
    next(name for name in SYSTEMS if name in options.python_platform),
    options.python_version,
)
options.output_file.write_text("".join(f"{name}=={packages[name]}\n" for name in sorted(packages)))
