"""Serve the folder of static files on this machine, as web servers do: compressed, with the right types."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workshop.course.files import files_below
from workshop.web.build import compressed

PORT = 8314
"""The browser keeps a learner's work by the page's address: it must be the same the next time."""
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    # A browser compiles it while it arrives, if it has this type.
    ".wasm": "application/wasm",
    ".pack": "application/octet-stream",
}


@dataclass(frozen=True)
class Sent:
    """A file as it is sent. ``small`` is compressed; None if that makes it no smaller."""

    type: str
    plain: bytes
    small: bytes | None
    tag: bytes


def prepare(name: str, plain: bytes) -> Sent:
    """Compress a file, and look up what is said about it."""
    small = compressed(name, plain)
    # A system's own table of types may say anything.
    kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "text/plain"
    tag = b'"%s"' % hashlib.sha256(plain).hexdigest()[:32].encode()
    return Sent(kind, plain, small if len(small) < len(plain) else None, tag)


def site(folder: Path) -> Any:
    """Return a twisted.web site for a folder, with its files as they are now: a later build cannot mix with them."""
    from twisted.internet.threads import deferToThread
    from twisted.web.pages import notFound
    from twisted.web.resource import Resource
    from twisted.web.server import NOT_DONE_YET, Request, Site

    plain = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_below(folder)}
    files: dict[str, Sent] = {}

    class Files(Resource):
        isLeaf = True

        def render_GET(self, request: Request) -> Any:
            name = b"/".join(request.postpath or []).decode("utf-8", "replace")
            if not name or name.endswith("/"):
                name += "index.html"
            if name not in plain:
                return notFound().render(request)
            if name in files:
                return send(request, files[name])
            gone: list[object] = []
            request.notifyFinish().addBoth(gone.append)

            def loaded(sent: Sent) -> None:
                files[name] = sent
                if not gone:
                    body = send(request, sent)
                    request.write(body)
                    request.finish()

            # Compressing 10 MB takes half a second.
            deferToThread(prepare, name, plain[name]).addCallbacks(loaded, request.processingFailed)
            return NOT_DONE_YET

        render_HEAD = render_GET

    def send(request: Request, sent: Sent) -> bytes:
        """Set the headers; return the body."""
        request.setHeader(b"Content-Type", sent.type.encode())
        # The browser keeps a file, but asks each time whether it is still the same.
        request.setHeader(b"Cache-Control", b"no-cache")
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.setHeader(b"Vary", b"Accept-Encoding")
        body, tag = sent.plain, sent.tag
        if sent.small is not None and _takes_gzip(request.getHeader(b"Accept-Encoding")):
            body, tag = sent.small, tag[:-1] + b'-gzip"'
            request.setHeader(b"Content-Encoding", b"gzip")
        if request.setETag(tag):
            return b""
        request.setHeader(b"Content-Length", b"%d" % len(body))
        return b"" if request.method == b"HEAD" else body

    class Quiet(Site):
        def log(self, request: Any) -> None:
            """Without a file for its log, a Site would still format a line for each request."""

    # Twisted's own constructors have no types.
    make: tuple[Any, Any] = Quiet, Files
    return make[0](make[1]())


def _takes_gzip(accepted: bytes | None) -> bool:
    """Return whether an Accept-Encoding field admits gzip."""
    for part in (accepted or b"").lower().split(b","):
        coding, _, weight = part.replace(b" ", b"").partition(b";q=")
        if coding in (b"gzip", b"*"):
            return weight not in (b"0", b"0.0", b"0.00", b"0.000")
    return False
