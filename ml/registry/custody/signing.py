"""Ed25519 signatures over events: proof that whoever holds the key wrote them, which a digest alone does not give."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ml.domain.errors import SpecError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAKE = "make a key with: openssl genpkey -algorithm ed25519 -out evergreen.key && chmod 600 evergreen.key"
_MAKE_PUBLIC = "make it from the private one with: openssl pkey -in evergreen.key -pubout -out evergreen.pub"


class Signer:
    """Signs with a private key from a PEM file."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def read(cls, path: str) -> Self:
        """Read the key that ``EVERGREEN_SIGNING_KEY`` names.

        Raises:
            SpecError: the file is not there, or holds no unencrypted Ed25519 private key.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = _read("EVERGREEN_SIGNING_KEY", path, lambda data: load_pem_private_key(data, password=None), _MAKE)
        if not isinstance(key, Ed25519PrivateKey):
            raise _other_kind("EVERGREEN_SIGNING_KEY", path, "Ed25519 private key", _MAKE)
        return cls(key)

    def sign(self, sha256: str) -> str:
        """Sign a digest."""
        return b64encode(self._key.sign(bytes.fromhex(sha256))).decode()


class Checker:
    """Checks signatures with a public key from a PEM file."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @classmethod
    def read(cls, path: str) -> Self:
        """Read the key that ``EVERGREEN_VERIFYING_KEY`` names.

        Raises:
            SpecError: the file is not there, or holds no Ed25519 public key.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        key = _read("EVERGREEN_VERIFYING_KEY", path, load_pem_public_key, _MAKE_PUBLIC)
        if not isinstance(key, Ed25519PublicKey):
            raise _other_kind("EVERGREEN_VERIFYING_KEY", path, "Ed25519 public key", _MAKE_PUBLIC)
        return cls(key)

    def is_good(self, sha256: str, signature: str) -> bool:
        """Tell whether this key's owner signed the digest."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(b64decode(signature, validate=True), bytes.fromhex(sha256))
        except (InvalidSignature, ValueError):
            return False
        return True


def _read(setting: str, path: str, load: Any, remedy: str) -> Any:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SpecError(f"The key {path} ({setting}) cannot be read: {error.strerror}.", remedy=remedy) from error
    try:
        return load(data)
    except (TypeError, ValueError) as error:  # TypeError: it is encrypted
        raise SpecError(
            f"The file {path} ({setting}) holds no key that can be used: {error}.", remedy=remedy
        ) from error


def _other_kind(setting: str, path: str, accepted: str, remedy: str) -> SpecError:
    return SpecError(f"The key {path} ({setting}) is of another kind; accepted is an {accepted}.", remedy=remedy)
