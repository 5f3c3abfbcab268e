"""The digest that names a content."""

import hashlib


def compute_digest(content: bytes) -> str:
    """The first 16 hex digits of SHA-256: 64 bits, ample for one store."""
    return hashlib.sha256(content).hexdigest()[:16]
