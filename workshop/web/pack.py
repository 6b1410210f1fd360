"""Compile modules, and pack them. This runs in Pyodide, under Node: see pack.mjs.

A compiled module that is loaded without a look at its source ("unchecked") takes a quarter of the time of its source. But
both together take three times the space, so only the modules that the course imports are compiled. And zips are stored,
then compressed as a whole, which makes them a third smaller than zips that are compressed file by file.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path
from py_compile import PycInvalidationMode
from py_compile import compile as compile_file
from typing import Any

# The same content is to have the same bytes, so that a browser need not download it again.
LONG_AGO = (1980, 1, 1, 0, 0, 0)
TEMPORARY = Path("/tmp/module.py")


def imported(names: Collection[str], zips: Collection[str]) -> set[str]:
    """Import these names, as far as they are modules; return what is loaded then from any zip, as paths in it."""
    import socket

    # Twisted's reactors ask for it when they are imported; this system has no such sockets.
    vars(socket).setdefault("AF_UNIX", 1)
    sys.path[:0] = zips
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            # Not a module but something in one, or one that needs what no browser has.
            continue
    files = [getattr(module, "__file__", None) or "" for module in [*sys.modules.values()]]
    return {file.partition(".zip/")[2] for file in files if ".zip/" in file}


def compiled(source: bytes, path: str) -> bytes:
    """Return a compiled module.

    Args:
        path: The name of its file in tracebacks.
    """
    TEMPORARY.write_bytes(source)
    made = compile_file(
        str(TEMPORARY),
        str(TEMPORARY) + "c",
        dfile=path,
        doraise=True,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    assert made is not None
    return Path(made).read_bytes()


def pack(
    source: str,
    place: str,
    chosen: Collection[str] | None,
    *,
    cached: bool = False,
    keep: bool = True,
) -> bytes:
    """Return a zip with the files of another one, and compiled modules; nothing in it is compressed.

    Args:
        place: The path of the zip, or of the folder that it will be unpacked to, for tracebacks.
        chosen: The modules to compile; None for all.
        cached: Put them into __pycache__, for a folder; a zip wants them beside their source.
        keep: Whether to keep the source of a compiled module.
    """
    tag = sys.implementation.cache_tag
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(source) as old:
        for name in old.namelist():
            if name.endswith("/"):
                continue
            data = old.read(name)
            if name.endswith(".py") and (chosen is None or name in chosen):
                folder, _, file = name.rpartition("/")
                beside = f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc" if cached else f"{name}c"
                files[beside] = compiled(data, f"{place}/{name}")
                if not keep:
                    continue
            files[name] = data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        # Files of a kind have more in common.
        for path in sorted(files, key=lambda path: (path.rpartition(".")[2], path)):
            new.writestr(zipfile.ZipInfo(path, LONG_AGO), files[path])
    return out.getvalue()


def bundle(target: str, files: dict[str, bytes]) -> None:
    """Write several files as one: a line of JSON with their names and lengths, then their content, all compressed."""
    # The Python that checks these types may have no such module.
    zstd: Any = importlib.import_module("compression.zstd")
    # The highest, 19, makes it 3 % smaller in twice the time.
    options = {zstd.CompressionParameter.compression_level: 17}
    options[zstd.CompressionParameter.window_log] = 25
    head = json.dumps({name: len(data) for name, data in files.items()}).encode() + b"\n"
    whole = b"".join([head, *files.values()])
    Path(target).write_bytes(zstd.compress(whole, options=options))


def main(job: dict[str, Any]) -> None:
    """Do what pack() in packages.py asks for."""
    if "python" in job:
        used = imported(job["names"], [job["site"]])
        stdlib = pack(job["stdlib"], "/lib/python314.zip", used, keep=False)
        site = pack(job["site"], "/lib/python3.14/site-packages", used, cached=True)
        bundle(job["python"], {"pyodide/python_stdlib.zip": stdlib, "site.zip": site})
    if "course" in job:
        with zipfile.ZipFile(job["sources"]) as file:
            tool = {name for name in file.namelist() if name.startswith("workshop/")}
        bundle(job["course"], {"course.zip": pack(job["sources"], "", tool, cached=True)})


main(json.loads(Path("job.json").read_text("utf-8")))
