"""A web page that counts its visits."""

from __future__ import annotations

from twisted.web.resource import Resource
from twisted.web.server import Request, Site


class Page(Resource):
    """GET counts a visit, and returns how many there were."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.visits = 0

    def render_GET(self, request: Request) -> bytes:
        """A visit."""
        self.visits += 1
        return b"Visit number %d.\n" % self.visits

    def render_DELETE(self, request: Request) -> bytes:
        """Count from the beginning again."""
        self.visits = 0
        request.setResponseCode(202)
        return b"The next visit is number 1.\n"


def site() -> Site:
    """A site with such a page, at /page."""
    root = Resource()
    root.putChild(b"page", Page())
    site = Site(root)
    site.noisy = False
    return site
