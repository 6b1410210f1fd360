"""Inner tests for step 16: over TLS."""

from datetime import datetime, timedelta, timezone
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.endpoints import SSL4ServerEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS

from .cases import Inner


@lru_cache
def certificate():
    """A certificate for localhost, signed by itself, with its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return built.public_bytes(pem) + key.private_bytes(pem, *plain)


class InnerTLS(Inner):
    """Its endpoints speak TLS. Handshakes take long on a busy machine."""

    timeout = 4.0

    def server(self, number=0):
        from twisted.internet import reactor

        options = PrivateCertificate.loadPEM(certificate()).options()
        return SSL4ServerEndpoint(reactor, number, options, interface="127.0.0.1")

    def client(self, number):
        trusted = Certificate.loadPEM(certificate())
        return wrapClientTLS(
            optionsForClientTLS("localhost", trustRoot=trusted), super().client(number)
        )
