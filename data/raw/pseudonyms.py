"""Pseudonyms in place of visitors' and sessions' ids: HMAC-SHA256 (RFC 2104) with the team's own key.

Whoever has the key can tell which pseudonym an id has, and nobody else can, not even by trying all ids.
"""

import hashlib
import hmac
import os

import ibis

from data.engine import hex_digits, sha256_hex, unhex
from data.errors import InputError

VARIABLE = "PIPELINE_VISITOR_KEY"
"""Environment variable with the key. It is in no configuration, so that no file or tracking server gets to see it."""

LEAST = 16
"""Characters that a key has at least."""

DIGITS = 32
"""Hexadecimal digits of a pseudonym: 128 bits, of which no two ids of any shop share one."""

BLOCK = hashlib.sha256().block_size
INNER, OUTER = bytes([0x36]) * BLOCK, bytes([0x5C]) * BLOCK


def visitor_key() -> bytes:
    """The key.

    Raises:
        InputError: there is none, or it is too short to be a secret.
    """
    key = os.environ.get(VARIABLE, "")
    if len(key) < LEAST:
        raise InputError(
            f"`ingest.hash_visitors` needs a secret of at least {LEAST} characters in the environment variable "
            f"{VARIABLE}. Received: {'one of ' + str(len(key)) if key else 'none'}. Make one, and keep it: "
            "python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return key.encode()


def key_digest(key: bytes) -> str:
    """Tells one key from another without giving it away."""
    return pseudonym(key, "\0which key this is")


def pseudonym(key: bytes, identity: str) -> str:
    """The pseudonym of an id, 32 hexadecimal digits."""
    return hmac.new(key, identity.encode(), hashlib.sha256).hexdigest()[:DIGITS]


def pseudonyms(key: bytes, identities: ibis.expr.types.StringValue) -> ibis.expr.types.StringValue:
    """The same, computed by the engine; null stays null."""
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner, outer = (bytes(a ^ b for a, b in zip(padded, pad, strict=True)).hex() for pad in (INNER, OUTER))
    digest = sha256_hex(unhex(ibis.literal(inner) + hex_digits(identities)))
    return sha256_hex(unhex(ibis.literal(outer) + digest)).substr(0, DIGITS)
