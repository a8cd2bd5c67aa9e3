"""The statement that knows who calls, asks every gate, serves, counts and notes one call."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from kernel.audit import AuditLine
from kernel.identity import Permission
from kernel.policy import PolicyBook
from kernel.prepared import POSTGRESQL, Alone, place, text_of
from registry.accounts.queries import holder_of_key
from registry.products.rules import DeliveryForm
from settlement.calls.queries import question
from settlement.metering.model import UsageEvent
from settlement.metering.rules import Channel

EVENT, LINE = UsageEvent.__table__.c, AuditLine.__table__.c
ASKED = ("code", "reference", "key", "number", "scenario")
WRITTEN = ("second", "event_id", "event", "day_number", "line_id", "at", "action")
OF_KEY, OF_ACTOR = ("prefix", "secret"), ("actor_id", "actor_name", "org_id", "channel")


def _cast(column: Any, name: str) -> str:
    return f"CAST({place(name)} AS {column.type.compile(POSTGRESQL)})"


# what an event and its line hold, from what the call brought, from who calls, and from the entitlement that answers it
OF_EVENT = {
    "id": _cast(EVENT.id, "event_id"), "place": "place", "entitlement_id": "id", "product_id": "product_id",
    "occurred_at": _cast(LINE.at, "at"), "day_number": _cast(EVENT.day_number, "day_number"),
    "received_at": _cast(LINE.at, "at"), "stored_at": _cast(LINE.at, "at"),
    "client_reference": _cast(EVENT.client_reference, "reference"), "quantity": "1", "subject_kind": "row_kind",
    "subject": f"encode(sha256(convert_to(coalesce(row_kind, '') || chr(10) || {place('key')}, 'UTF8')), 'hex')",
    "hit": "row_id IS NOT NULL", "channel": f"'{Channel.EXCHANGE}'",
}  # fmt: skip
OF_LINE = {
    "id": _cast(LINE.id, "line_id"), "at": _cast(LINE.at, "at"), "actor_id": "caller.id", "actor_name": "caller.name",
    "org_id": "caller.org_id", "channel": "caller.channel", "action": _cast(LINE.action, "action"),
    "object_type": f"'{UsageEvent.__tablename__}'", "object_id": _cast(LINE.object_id, "event"), "note": "''",
    "detail": "json_build_object('entitlement', number, 'hit', row_id IS NOT NULL)",
}  # fmt: skip
KNOWN = ", ".join(f"{_cast(LINE[name], name)} AS {name.removeprefix('actor_')}" for name in OF_ACTOR)
AT_ONCE = f"""WITH caller AS ({{caller}}), met AS ({{question}}), named AS (
  SELECT * FROM met WHERE number = coalesce({place("number")}, number)
), first AS (
  SELECT * FROM named
  WHERE is_open AND scenario = coalesce({place("scenario")}, scenario) AND (quota IS NULL OR coalesce(used, 0) < quota)
  ORDER BY valid_until, number LIMIT 1
), one AS (
  SELECT *, CASE WHEN row_id IS NOT NULL OR charges_misses THEN 1 ELSE 0 END AS units FROM first
  WHERE delivery_form = '{DeliveryForm.API}' AND gateway_id IS NULL AND used IS NOT NULL
    AND coalesce(subject_kind = row_kind, true) AND NOT EXISTS (SELECT FROM named WHERE event_id IS NOT NULL)
), taken AS (
  INSERT INTO settlement_call_counter AS own (entitlement_id, span, used)
  SELECT id, CAST({place("second")} AS bigint) / limit_seconds * limit_seconds, 1 FROM one WHERE limit_calls IS NOT NULL
  ON CONFLICT (entitlement_id) DO UPDATE SET
    span = greatest(own.span, excluded.span), used = CASE WHEN own.span < excluded.span THEN 1 ELSE own.used + 1 END
  WHERE own.span < excluded.span OR own.used < (SELECT limit_calls FROM one) RETURNING used
), made AS (
  INSERT INTO settlement_usage_event ({", ".join(OF_EVENT)})
  SELECT {", ".join(OF_EVENT.values())} FROM one WHERE limit_calls IS NULL OR EXISTS (SELECT FROM taken)
  ON CONFLICT DO NOTHING RETURNING id
), counted AS (
  UPDATE settlement_usage_total AS own SET used = own.used + one.units FROM one, made
  WHERE own.entitlement_id = one.id AND (own.quota IS NULL OR own.used + own.reserved + one.units <= own.quota)
  RETURNING own.used
), line AS (
  INSERT INTO audit_line ({", ".join(OF_LINE)}) SELECT {", ".join(OF_LINE.values())} FROM one, made AS event, caller
)
SELECT row_to_json(answer) FROM (
  SELECT number, quota, row_id IS NOT NULL AS hit, row_body, limit_calls, limit_seconds,
    (SELECT used FROM counted) AS used, (SELECT used FROM taken) AS calls, CASE
      WHEN EXISTS (SELECT FROM made) THEN 1 / (SELECT count(*) FROM counted)
      WHEN EXISTS (SELECT FROM taken) THEN 1 / (SELECT count(*) FROM made) ELSE 0 END AS is_served
  FROM one
) AS answer"""  # noqa: S608 — own names


@lru_cache(maxsize=16)
def at_once(on: date, book: PolicyBook) -> Alone:
    """Return the statement that admits, serves and counts one call of a known actor as a transaction of its own.

    It answers one row when all of it was done, or none. Where another took the last unit, the same call was first, or
    a limit was met between asking and writing, it divides by zero on purpose: that undoes what it wrote before.
    """
    return _of(f"SELECT {KNOWN}", on, book, OF_ACTOR)


@lru_cache(maxsize=16)
def at_once_by_key(on: date, book: PolicyBook) -> Alone:
    """Return the same statement, which finds out itself who calls: it answers no row unless the key may call now."""
    caller = text_of(holder_of_key(Permission.EXCHANGE_CALL, _cast(LINE.at, "at")))
    return _of(caller, on, book, OF_KEY)


def _of(caller: str, on: date, book: PolicyBook, brought: tuple[str, ...]) -> Alone:
    asked = text_of(question(on, book)).replace(place("buyer"), "(SELECT org_id FROM caller)")
    return Alone(AT_ONCE.format(caller=caller, question=asked), [], *ASKED, *WRITTEN, *brought)
