"""What every route uses: the actor, the declared permission, versions, pages of results, forms, problems."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypeVar, cast
from urllib.parse import quote
from uuid import UUID, uuid4

import flask_smorest
import marshmallow as ma
import sqlalchemy as sa
from flask import Flask, Response, current_app, g, has_app_context, make_response, request
from flask_babel import get_locale
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from kernel.calendar import WorkingCalendar
from kernel.db import Entity
from kernel.errors import DomainError, Invalid, Malformed, NotFound, PreconditionFailed, PreconditionRequired
from kernel.idempotency import repeatable
from kernel.identity import ANONYMOUS, Actor, Permission
from kernel.json_body import StrictParser
from kernel.policy import PolicyBook
from kernel.wording import leaves, reads_english, said

PAGE_LIMIT_MAX = 200
PAGE_LIMIT = 50
CURSOR_SECONDS_MAX = 24 * 3600
CURSOR_LENGTH_MAX = 2000
PUBLIC = "public"
View = TypeVar("View", bound=Callable[..., Any])
EntityT = TypeVar("EntityT", bound=Entity)


class VersionRequired(PreconditionRequired):
    """A change came without saying which version it was decided on."""

    code = "request.version_required"


class VersionMismatch(PreconditionFailed):
    """The object was changed in the meantime."""

    code = "request.version_mismatch"


class CursorInvalid(Malformed):
    """The cursor is not one of ours, is too old, or belongs to another query."""

    code = "request.cursor_invalid"


class ValidationFailed(Invalid):
    """Fields were read but are not allowed; ``errors`` names each."""

    code = "request.validation"


def current_actor() -> Actor:
    """Return who acts in this request; :data:`ANONYMOUS` when nobody signed in."""
    actor: Actor = g.get("huiyi_actor", ANONYMOUS)
    return actor


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the permission of a route; the command checks the scope again."""

    def declare(view: View) -> View:
        view.huiyi_access = permission  # type: ignore[attr-defined]
        return view

    return declare


def public(view: View) -> View:
    """Declare a route open to everybody."""
    view.huiyi_access = PUBLIC  # type: ignore[attr-defined]
    return view


def repeats_harmlessly(view: View) -> View:
    """Declare a POST route that changes nothing, or is idempotent by its own reference; it needs no key."""
    view.huiyi_repeats = True  # type: ignore[attr-defined]
    return view


def undeclared_routes(app: Flask) -> list[str]:
    """Return the routes without a declared permission; the application refuses to start with any."""
    ours = ((rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules())
    return sorted(f"{rule.rule} ({rule.endpoint})" for rule, view in ours if not hasattr(view, "huiyi_access"))


class ApiBlueprint(flask_smorest.Blueprint):
    """JSON routes: POST needs an idempotency key, an answer with a version carries its ETag."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Document what the wrappers below ask for, beside the rest."""
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(_document)

    def add_url_rule(self, rule: str, endpoint: str | None = None, view_func: Any = None, **options: Any) -> None:
        """Wrap the view, then register and document it as flask-smorest does."""
        if view_func is not None:
            permission, own, headers = getattr(view_func, "huiyi_access", None), inspect.unwrap(view_func), []
            methods = options.get("methods") or ["GET"]
            if "POST" in methods and not getattr(view_func, "huiyi_repeats", False):
                view_func = repeatable(tagged(view_func), current_actor)
                headers.append(IDEMPOTENCY_KEY)
            else:
                view_func = tagged(view_func)
            view_func._apidoc = {**getattr(view_func, "_apidoc", {}), "huiyi": (permission, own, headers)}
        super().add_url_rule(rule, endpoint, view_func, **options)


IF_MATCH = {
    "in": "header", "name": "If-Match", "required": True, "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
    "description": "所见版本（GET 所得 ETag）· the version that was seen",
}  # fmt: skip
IDEMPOTENCY_KEY = {
    "in": "header", "name": "Idempotency-Key", "required": True,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,128}$"},
    "description": "每笔新业务一个键，重试时沿用 · one key per piece of work, kept on retries",
}  # fmt: skip


def _asks_for_version(view: FunctionType) -> bool:
    """Say whether the view, or a function of its file that it calls, matches versions."""
    called = [view.__globals__.get(name) for name in view.__code__.co_names]
    near = [found for found in called if isinstance(found, FunctionType) and found.__module__ == view.__module__]
    return any(match_version.__name__ in function.__code__.co_names for function in (view, *near))


def _document(doc: dict[str, Any], doc_info: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Add the headers that the wrappers ask for, and who may call."""
    permission, own, headers = doc_info["huiyi"]
    found = [*doc.get("parameters", []), *headers, *([IF_MATCH] if _asks_for_version(own) else [])]
    if _is_page(doc) and not any(one["in"] == "query" and "schema" in one for one in found):
        found.append({"in": "query", "schema": PageArgs})
    if found:
        doc["parameters"] = found
    if permission == PUBLIC:
        doc["security"] = []
    else:
        doc["x-permission"] = str(permission)
    return doc


def _is_page(doc: dict[str, Any]) -> bool:
    """Say whether the answer is a page of results, as :func:`page_of` makes them."""
    answers = [answer for answer in doc.get("responses", {}).values() if isinstance(answer, dict)]
    schemas = [kept.get("schema") for answer in answers for kept in answer.get("content", {}).values()]
    return any(isinstance(schema, ma.Schema) and "next_cursor" in schema.fields for schema in schemas)


def tagged(view: Callable[..., Any]) -> Callable[..., Any]:
    """Give the JSON answer of ``view`` a strong ETag from its ``version``; answer 304 when it still matches."""

    @functools.wraps(view)
    def wrapped(*args: Any, **kwargs: Any) -> Response:
        response = make_response(view(*args, **kwargs))
        if response.is_json and response.status_code in (200, 201):
            body = response.get_json()
            if isinstance(body, dict) and isinstance(body.get("version"), int):
                response.set_etag(f"v{body['version']}")
                if request.method == "GET":
                    response.make_conditional(request)
        return response

    return wrapped


def match_version(session: Session, kind: type[EntityT], identity: UUID) -> EntityT:
    """Lock the object and refuse unless ``If-Match`` (or the form field ``version``) names its version.

    Raises:
        VersionRequired: neither header nor field was sent, or the header is ``*``.
        VersionMismatch: the object has another version by now.
        NotFound: there is no such object.
    """
    text = request.headers.get("If-Match") or request.form.get("version", "")
    matched = re.fullmatch(r'(?:W/)?"?v?([0-9]{1,18})"?', text.strip())
    if matched is None:
        raise VersionRequired(
            '请在 If-Match 中给出所见版本，例如 "v3"（先 GET 取得 ETag）', detail_en='Send If-Match: "v3"'
        )
    query = sa.select(kind).where(kind.id == identity).with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(f"没有编号为 {identity} 的记录")
    if found.version != int(matched[1]):
        raise VersionMismatch(
            f"记录已更新到版本 v{found.version}，您看到的是 v{matched[1]}：请重新读取后再办理",
            detail_en=f"The object is at version v{found.version}; read it again",
        )
    return found


def page(session: Session, query: sa.Select[Any], kind: type[EntityT], *, newest_first: bool = False) -> dict[str, Any]:
    """Return one page of ``query`` in order of id: ``{"items": [...], "next_cursor": "…" | None}``.

    ``limit`` (1–200, default 50) and ``cursor`` come from the query string; the cursor is signed and bound to
    the actor, the address and its filters for 24 hours.

    Raises:
        CursorInvalid: the cursor is forged, too old, or belongs to another query.
    """
    limit = _limit()
    after = request.args.get("cursor")
    if after:
        last = UUID(_open_cursor(after))
        query = query.where(kind.id < last if newest_first else kind.id > last)
    query = query.order_by(kind.id.desc() if newest_first else kind.id).limit(limit + 1)
    rows = list(session.scalars(query))
    more = len(rows) > limit
    return {"items": rows[:limit], "next_cursor": _cursor(str(rows[limit - 1].id)) if more else None}


def page_position(default: int = PAGE_LIMIT) -> tuple[int, str | None]:
    """Return how many the request asks for and where its cursor goes on, for lists that are not in order of id.

    Raises:
        CursorInvalid: the cursor is forged, too old, or belongs to another query.
        ValidationFailed: the limit is not a number from 1 to 200.
    """
    after = request.args.get("cursor")
    return _limit(default), _open_cursor(after) if after else None


def cursor_after(position: str) -> str:
    """Return the signed cursor that makes the same request go on after ``position``."""
    return _cursor(position)


def _limit(default: int = PAGE_LIMIT) -> int:
    text = request.args.get("limit", str(default))
    if not re.fullmatch(r"[0-9]{1,4}", text, flags=re.ASCII) or not 1 <= int(text) <= PAGE_LIMIT_MAX:
        raise ValidationFailed(
            "limit 须为 1–200 的整数", errors=[{"pointer": "/limit", "code": "range", "message": "1–200"}]
        )
    return int(text)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="cursor")


def _binding() -> list[str]:
    filters = sorted((name, value) for name, value in request.args.items() if name not in ("cursor", "limit"))
    return [str(current_actor().id), request.path, str(filters)]


def _cursor(last: str) -> str:
    return str(_serializer().dumps([last, *_binding()]))


def _open_cursor(text: str) -> str:
    try:
        last, *binding = _serializer().loads(text, max_age=CURSOR_SECONDS_MAX)
    except BadSignature as error:
        raise CursorInvalid("游标无效或已过期，请从第一页重新读取") from error
    if binding != _binding():
        raise CursorInvalid("游标不属于本次查询：更换筛选条件后请从第一页读取")
    return str(last)


class PageArgs(ma.Schema):
    """Query parameters of every listing; unknown ones are left to the route's own schema."""

    limit = ma.fields.Integer(validate=ma.validate.Range(1, PAGE_LIMIT_MAX))
    cursor = ma.fields.String(validate=ma.validate.Length(max=CURSOR_LENGTH_MAX))


def page_of(item: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a page of ``item``: the body that :func:`page` fills."""
    name = item.__name__.removesuffix("Out") + "PageOut"
    fields = {"items": ma.fields.List(ma.fields.Nested(item)), "next_cursor": ma.fields.String(allow_none=True)}
    return ma.Schema.from_dict(cast(Any, fields), name=name)


class Form:
    """An HTML form validated by the schema of the API; keeps what was typed and shows errors at the field."""

    def __init__(self, schema: type[ma.Schema], values: Mapping[str, Any] | None = None) -> None:
        """Hold ``schema`` and the values that the empty form shows."""
        self.schema = schema()
        self.values: dict[str, Any] = dict(values or {})
        self.errors: dict[str, list[str]] = {}
        self.problem: DomainError | None = None
        self.data: dict[str, Any] = {}

    def accepts(self) -> bool:
        """Read ``request.form``; say whether it is valid. Empty fields count as not sent."""
        self.values = {name: value for name, value in request.form.items() if name not in ("csrf_token", "version")}
        sent: dict[str, Any] = {}
        for name in self.values:
            wanted = self.schema.fields.get(name)
            many = request.form.getlist(name)
            value: Any = many if isinstance(wanted, ma.fields.List) else self.values[name]
            if value not in ("", [""], []):
                sent[name] = value
        try:
            self.data = self.schema.load(sent)
        except ma.ValidationError as error:
            for pointer, words in leaves(error.normalized_messages()):
                self.errors.setdefault(pointer.strip("/").split("/")[0], []).append(words)
            return False
        return True

    def refuse(self, problem: DomainError) -> None:
        """Show a refusal of the command: above the form, and at the fields that it names."""
        self.problem = problem
        for error in problem.errors:
            name = str(error.get("pointer", "")).strip("/").split("/")[0]
            words = error.get("message_en") if reads_english() else None
            self.errors.setdefault(name, []).append(str(words or error.get("message", problem.detail)))

    def value(self, name: str) -> Any:
        """Return what the field shows."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """Return the words at the field, or an empty text."""
        found = self.errors.get(name, "")
        return "；".join(said(item) for item in found) if isinstance(found, list) else str(found)


def problem(error: DomainError, *, language: str = "zh") -> dict[str, Any]:
    """Return the RFC 9457 document of a refusal, in the asked language where somebody wrote it."""
    english = language.startswith("en")
    body: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": error.title_en if english else error.title,
        "status": error.status,
        "detail": error.detail_en if english and error.detail_en else error.detail,
        "instance": f"urn:uuid:{uuid4()}",
        "code": error.code,
        "trace_id": g.get("huiyi_trace", "") if has_app_context() else "",
        "retryable": error.retryable,
        "errors": error.errors,
    }
    if error.rule:
        body["rule"] = error.rule
    if error.article:
        body["article"] = error.article
    return body


def words_of(refusal: DomainError | None) -> dict[str, Any] | None:
    """Return the problem document that a page shows above its form, in the reader's language; nothing for none."""
    return None if refusal is None else problem(refusal, language=str(get_locale()))


def attachment(content: bytes | str, name: str | None, mimetype: str = "application/octet-stream") -> Response:
    """Hand out a file as a download under its name, never as a page of this site.

    Only what the project wrote itself is given its ``mimetype``; the content of a kept file is anybody's.
    """
    response = Response(content, mimetype=mimetype)
    hand_out(response, name)
    return response


def hand_out(response: Response, name: str | None) -> None:
    """Make the answer a download; a header is Latin-1, so a name in Chinese is also sent as RFC 8187 writes it."""
    name = None if name is None else safe_name(name)
    names = {} if name is None else {"filename": name}
    if name is not None and not name.isascii():
        names = {"filename": name.encode("ascii", "replace").decode(), "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment", **names)


def safe_name(name: str) -> str:
    """Return a name for a file without a path, and without what could end a header or hide how the file is called."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(one if one.isprintable() and one not in '"<>:|?*;' else "_" for one in last).strip(" .") or "file"


def local_target(target: str) -> str:
    """Return the page of this site that ``?next=`` names; whatever could lead elsewhere leads to the front page."""
    printable = target.isprintable() and "\\" not in target
    return target if printable and target.startswith("/") and not target.startswith("//") else "/"


def policy_book() -> PolicyBook:
    """Return the application's book of rules."""
    book: PolicyBook = current_app.extensions["huiyi_policies"]
    return book


def working_calendar() -> WorkingCalendar:
    """Return the application's calendar of working days."""
    calendar: WorkingCalendar = current_app.extensions["huiyi_calendar"]
    return calendar
