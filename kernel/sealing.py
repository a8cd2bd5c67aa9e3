"""Text that the database must not say: sealed with AES-256-GCM, bound to its row, beside a keyed digest to find it by.

The engine carries the keys, the first of which seals; the others only open what was sealed under them before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from kernel.errors import Conflict

OPTION = "huiyi_sealing_keys"  # name under which an engine of SQLAlchemy keeps the keys
DEVELOPMENT_KEYS = ("huiyi development key, protects nothing",)
KEY_BYTES, NONCE_BYTES = 32, 12


class Unreadable(Conflict):
    """What is stored was sealed under a key that the installation no longer has, or was moved or changed."""

    code = "sealing.unreadable"
    title = "加密内容无法读取"
    title_en = "What is sealed cannot be read"


def seal(session: Session, text: str, *, bound_to: str) -> str:
    """Return ``text`` sealed for the row ``bound_to``: of another row it cannot be opened."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_derived(_keys(session)[0], b"seal")).encrypt(nonce, text.encode(), bound_to.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(session: Session, sealed: str, *, bound_to: str) -> str:
    """Return the text that was sealed for a row.

    Raises:
        Unreadable: under none of the keys, or not for this row.
    """
    raw = base64.b64decode(sealed)
    for key in _keys(session):
        try:
            opened = AESGCM(_derived(key, b"seal")).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to.encode())
        except InvalidTag:
            continue
        return opened.decode()
    raise Unreadable(
        "加密内容无法读取：密钥已更换或内容被改动；请把原密钥补入 HUIYI_ACCOUNT_KEYS，仍不能读取的须停止办理并查明",
        detail_en="Sealed under another key, or tampered with: put the former key back into HUIYI_ACCOUNT_KEYS",
    )


def digests(session: Session, text: str) -> list[str]:
    """Return the keyed digest of ``text`` under each key, the present one first: equal texts are found, not said."""
    return [hmac.digest(_derived(key, b"find"), text.encode(), hashlib.sha256).hex() for key in _keys(session)]


def _keys(session: Session) -> tuple[str, ...]:
    found: tuple[str, ...] = session.get_bind().get_execution_options().get(OPTION, DEVELOPMENT_KEYS)
    return found


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"huiyi " + purpose).derive(key.encode())
