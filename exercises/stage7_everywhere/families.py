"""Four kinds of connection, each with one way to listen and one to connect. Nothing here is to be edited."""

import os
import shutil
import socket
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import count
from typing import Any

NAME = "here.example"
"""A name for 127.0.0.1, which the reactors of the tests know."""


class TCP4:
    """TCP over IPv4. One of these is made for each test, and closed after it."""

    host, name = "127.0.0.1", NAME

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    @staticmethod
    def lacks() -> str:
        """Why this machine cannot have such connections; '' where it can."""
        return ""

    def listen(self, reactor: Any, factory: Any) -> Any:
        """A port of the reactor that any free number is taken for."""
        return reactor.listenTCP(0, factory, interface=self.host)

    def connect(self, reactor: Any, factory: Any, to: Any, by_name: bool = False) -> Any:
        """A connector to the address of what listen() gave, or to what nowhere() gave; by a name, if the host has one."""
        host = self.name if by_name else self.host
        return reactor.connectTCP(host, getattr(to, "port", to), factory)

    def nowhere(self) -> Any:
        """An address that refuses: its number is taken, but nobody listens there."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._held.append(socket.socket(family))
        self._held[-1].bind((self.host, 0))
        return self._held[-1].getsockname()[1]

    def close(self) -> None:
        """The test is over."""
        for one in self._held:
            one.close()


class TCP6(TCP4):
    """TCP over IPv6."""

    # connectTCP() takes any name for one of IPv4, so here is none.
    host = name = "::1"

    @staticmethod
    def lacks() -> str:
        """See TCP4."""
        try:
            with socket.socket(socket.AF_INET6) as one:
                one.bind(("::1", 0))
        except (AttributeError, OSError) as error:
            return f"no IPv6 on this machine: {error}"
        return ""


class UNIX(TCP4):
    """A socket in the file system."""

    def __init__(self) -> None:
        # Below the working directory, which is trial's temporary one, and relative to it: such a path may have no more than
        # about a hundred bytes.
        self._folder = os.path.relpath(tempfile.mkdtemp(dir=os.curdir))
        self._paths = (os.path.join(self._folder, str(n)) for n in count())

    @staticmethod
    def lacks() -> str:
        """See TCP4."""
        lacking = sys.platform == "win32" or not hasattr(socket, "AF_UNIX")
        return "no UNIX sockets in Twisted on this platform" if lacking else ""

    def listen(self, reactor: Any, factory: Any) -> Any:
        """See TCP4."""
        return reactor.listenUNIX(next(self._paths), factory)

    def connect(self, reactor: Any, factory: Any, to: Any, by_name: bool = False) -> Any:
        """See TCP4."""
        return reactor.connectUNIX(getattr(to, "name", to), factory)

    def nowhere(self) -> Any:
        """See TCP4."""
        return next(self._paths)

    def close(self) -> None:
        """See TCP4."""
        shutil.rmtree(self._folder, ignore_errors=True)


class TLS(TCP4):
    """TLS over TCP over IPv4."""

    @staticmethod
    def lacks() -> str:
        """See TCP4."""
        try:
            # Twisted's own use of both of them begins with this one.
            import twisted.internet.ssl  # noqa: F401
        except ImportError as error:
            return f"no TLS here: {error}"
        return ""

    def listen(self, reactor: Any, factory: Any) -> Any:
        """See TCP4."""
        return reactor.listenSSL(0, factory, server_context(), interface=self.host)

    def connect(self, reactor: Any, factory: Any, to: Any, by_name: bool = False) -> Any:
        """See TCP4."""
        host, number = self.name if by_name else self.host, getattr(to, "port", to)
        return reactor.connectSSL(host, number, factory, client_context())


FAMILIES = {"TCP4": TCP4, "TCP6": TCP6, "UNIX": UNIX, "TLS": TLS}


def server_context() -> Any:
    """What a server needs to speak TLS."""
    from twisted.internet.ssl import CertificateOptions

    key, certificate = _certificate()
    return CertificateOptions(privateKey=key, certificate=certificate)


def client_context() -> Any:
    """What a client needs: it trusts the certificate below, and no other."""
    from twisted.internet.ssl import Certificate, CertificateOptions, trustRootFromCertificates

    trusted = trustRootFromCertificates([Certificate(_certificate()[1])])
    return CertificateOptions(trustRoot=trusted)


@lru_cache
def _certificate() -> tuple[Any, Any]:
    """A key, and a certificate that it signs itself: in memory, once for a process, for a day."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from OpenSSL.crypto import X509, PKey

    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    return PKey.from_cryptography_key(key), X509.from_cryptography(certificate)
