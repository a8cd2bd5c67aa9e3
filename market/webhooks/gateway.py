"""What the outside world needs: the application's key for secrets, and what may be called beside the public network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import current_app

from kernel.addresses import Admitted
from kernel.outbound import Answer, Ending, Outside, post
from market.webhooks.model import NONCE_BYTES, Endpoint
from market.webhooks.rules import CHALLENGE, TEST, Outcome, has_proven, headers, unsealed

ANSWER_CHARACTERS_MAX = 2000
OUTSIDE = "huiyi_outside"
EVENT_TYPES = "huiyi_event_types"
OUTCOMES = {
    Ending.REFUSED: Outcome.REFUSED_ADDRESS,
    Ending.UNREACHABLE: Outcome.UNREACHABLE,
    Ending.TIMED_OUT: Outcome.TIMED_OUT,
}


def sealing_key() -> bytes:
    """Return the key of the application."""
    return str(current_app.config["SECRET_KEY"]).encode()


def outside() -> Outside:
    """Return what this platform may call."""
    found: Outside = current_app.extensions[OUTSIDE]
    return found


def admitted() -> Sequence[Admitted]:
    """Return the networks of the platform's own that may be called."""
    return outside().admitted


def challenge_lasts() -> timedelta:
    """Return for how long a challenge may be answered."""
    return timedelta(minutes=int(current_app.config["HUIYI"].challenge_minutes))


def event_types() -> dict[str, str]:
    """Return the title of every type of event, by type: the floors above know them all."""
    found: dict[str, str] = current_app.extensions[EVENT_TYPES]()
    return found


def choices() -> dict[str, str]:
    """Return the types that an endpoint may choose: all but those about the endpoint itself."""
    return {kind: title for kind, title in event_types().items() if kind not in (CHALLENGE, TEST)}


def secrets_of(endpoint: Endpoint, key: bytes, now: datetime) -> list[bytes]:
    """Return the secrets that sign now: the present one and, while it is still valid, the former.

    Raises:
        SecretUnreadable: the application has another key by now.
    """
    kept = [endpoint.sealed_secret]
    if endpoint.former_secret is not None and endpoint.former_until is not None and now < endpoint.former_until:
        kept.append(endpoint.former_secret)
    return [unsealed(text, key, nonce_bytes=NONCE_BYTES, bound_to=str(endpoint.id)) for text in kept]


def send(
    url: str, name: str, kind: str, body: str, secrets: Sequence[bytes], called: Outside, at: datetime
) -> tuple[Outcome, Answer]:  # fmt: skip
    """Send one message once; return how it went. Nothing is read or written in the database meanwhile."""
    answer = post(url, body.encode(), headers(name, at, body, secrets), called)
    if answer.status is None:
        return OUTCOMES[answer.ending], answer
    if answer.status == HTTPStatus.GONE:
        return Outcome.GONE, answer
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.ANSWERED_NO, answer
    if kind == CHALLENGE and not has_proven(str(json.loads(body)["data"]["challenge"]), text_of(answer)):
        return Outcome.NOT_PROVEN, answer
    return Outcome.DELIVERED, answer


def text_of(answer: Answer) -> str:
    """Return the beginning of what came back, as text that a page and a database can hold."""
    text = answer.body.decode("utf-8", errors="replace").replace("\x00", "�")
    return text[:ANSWER_CHARACTERS_MAX]
