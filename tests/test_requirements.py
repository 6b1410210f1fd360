"""The reader of requirement files, beside `packaging`, which pip itself reads them with."""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement as Reference
from packaging.specifiers import SpecifierSet

from workshop.setup.requirements import Requirement, holds, missing

ROOT = Path(__file__).resolve().parent.parent
FILES = ["requirements.txt", "tests/requirements.txt", "slides/requirements.txt"]
LINES = [
    line.strip()
    for name in FILES
    if (ROOT / name).exists()
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith(("#", "-e ."))
]
# fmt: off
VERSIONS = [
    "0.17", "0.17.0", "0.18.dev3", "1", "1.0", "1.0.0", "1.0.1", "1.0a1", "1.0b2", "1.0rc1",
    "1.0rc1.post1", "1.0.post1", "1.0.post1.dev2", "1.0.dev1", "1.0a1.dev1", "1.9", "1.10",
    "1.10.1", "2", "2.0rc1", "3.9", "3.10", "3.10.0", "3.11", "26.4", "26.4.0rc1", "28",
    "28.0rc1", "28.dev1", "28.0.post1", "1!0.5", "2.13.0+cpu", "3.10+local.1",
]
# fmt: on
BOUNDS = [
    operator + bound
    for operator, bound in product(
        (">=", "<=", "<", "==", "!="), ("0.18", "1", "1.0", "1.10", "2", "3.10", "26.4", "28")
    )
]


@pytest.mark.parametrize("line", LINES)
def test_our_own_lines_are_read_as_packaging_reads_them(line: str) -> None:
    ours, reference = Requirement(line), Reference(line)
    assert ours.name == reference.name
    assert set(ours.extras) == reference.extras
    assert {a + b for a, b in ours.bounds} == {str(bound) for bound in reference.specifier}
    assert ours.applies == (reference.marker is None or reference.marker.evaluate())


@pytest.mark.parametrize("bound", BOUNDS)
def test_versions_are_compared_as_packaging_compares_them(bound: str) -> None:
    ((operator, value),) = Requirement("alpha" + bound).bounds
    got = {version: holds(version, operator, value) for version in VERSIONS}
    reference = SpecifierSet(bound, prereleases=True)
    assert got == {version: reference.contains(version) for version in VERSIONS}


@pytest.mark.parametrize(
    "marker",
    [
        f"{name} {operator} {value!r}"
        for name, operator, value in [
            *product(["python_version"], [">=", "<", "==", "!=", "<="], ["3.9", "3.10", "3.13"]),
            *product(["sys_platform"], ["==", "!="], ["linux", "win32", "darwin"]),
        ]
    ],
)
def test_markers_are_read_as_packaging_reads_them(marker: str) -> None:
    reference = Reference(f"alpha; {marker}").marker
    assert reference is not None
    assert Requirement(f"alpha; {marker}").applies == reference.evaluate()


@pytest.mark.parametrize(
    "line",
    [
        "alpha~=1.0",
        "alpha==1.*",
        "alpha>=1.0rc1",
        "alpha @ file:///x",
        "-r other.txt",
        "alpha;x<'1'",
    ],
)
def test_what_it_does_not_know_is_refused_by_name(line: str) -> None:
    with pytest.raises(ValueError, match="cannot read") as caught:
        Requirement(line)
    assert line in str(caught.value)


class Site:
    """A site-packages folder, alone on sys.path, and a checkout beside it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.folder = folder / "the checkout", folder / "site"
        self.root.mkdir()
        self.folder.mkdir()
        monkeypatch.setattr(sys, "path", [str(self.root), str(self.folder)])

    def add(self, name: str, **files: str) -> None:
        (self.folder / f"{name}.dist-info").mkdir()
        for file, text in files.items():
            (self.folder / f"{name}.dist-info" / file.replace("_json", ".json")).write_text(text)

    def missing(self, text: str) -> list[str]:
        (self.root / "requirements.txt").write_text(text)
        return missing(str(self.root), ["requirements.txt"])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


def test_names_are_compared_as_pip_compares_them(site: Site) -> None:
    site.add("Jupyter_Client-8.1")
    site.add("zope.interface-8.0")
    assert site.missing("jupyter-client>=8\nzope-interface\nrich # for the tool\n") == ["rich"]


def test_an_extra_needs_the_packages_that_it_adds(site: Site) -> None:
    metadata = "Name: Twisted\nRequires-Dist: attrs\nRequires-Dist: pyOpenSSL>=25; extra == 'tls'\n"
    metadata += "Requires-Dist: pyserial; extra == 'serial'\n\nRequires-Dist: no; extra == 'tls'\n"
    site.add("twisted-26.4.0", METADATA=metadata)
    assert site.missing("twisted[tls]>=26.4") == ["twisted[tls]>=26.4"]
    site.add("pyopenssl-26.0")
    assert site.missing("twisted[tls]>=26.4") == []


def test_the_checkout_counts_only_when_it_is_installed_in_place(site: Site, tmp_path: Path) -> None:
    (site.root / "trial_by_wire.egg-info").mkdir()
    lacking = ["this checkout (-e .)"]
    assert site.missing("-e .") == lacking
    origin: dict[str, object] = {"url": site.root.as_uri(), "dir_info": {}}
    site.add("trial_by_wire-0.1.0", direct_url_json=json.dumps(origin))
    assert "%20" in site.root.as_uri()
    path = site.folder / "trial_by_wire-0.1.0.dist-info" / "direct_url.json"
    assert site.missing("-e .") == lacking, "a copy"
    path.write_text(json.dumps({**origin, "dir_info": {"editable": True}}))
    assert site.missing("-e .") == []
    path.write_text(json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}}))
    assert site.missing("-e .") == lacking, "another checkout"
    path.write_text("{")
    assert site.missing("-e .") == lacking, "unreadable"
