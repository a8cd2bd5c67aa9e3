"""The application: every wire visible in :func:`create_app`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from kernel import audit, clock, db, sealing
from kernel.addresses import read_admitted
from kernel.calendar import WorkingCalendar
from kernel.http import public, undeclared_routes
from kernel.outbound import Outside
from registry.accounts.pages import FIRST_PAGE, HOST_ONLY
from settlement.metering.queries import used_of
from settlement.proofs.queries import printed
from settlement.statements.pages import PROOF
from settlement.usage.gateway import OPTION, Archive
from settlement.usage.rules import Engine
from web import announcing, assets, paying, problems, shell
from web.blueprints import API_BLUEPRINTS, PAGE_BLUEPRINTS, PLAIN_BLUEPRINTS
from web.config import ROOT, Config
from web.openapi import DocumentedApi
from web.policies import book_of, read_holidays

OPENAPI = {
    "API_TITLE": "惠益 Huiyi",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": None,
    "API_SPEC_OPTIONS": {
        "info": {
            "description": "公共数据授权运营：登记、定价、交易、收益分配 · Registration, pricing, trade and settlement"
        },
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    },
}


class RouteWithoutPermission(RuntimeError):
    """Some route declares neither a permission nor that it is public."""


def create_app(config: Config) -> Flask:
    """Build the application.

    Raises:
        RouteWithoutPermission: a route forgot to declare who may call it.
        PolicyBroken: a policy file is at fault.
    """
    app = Flask("web", template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=config.secret_key, MAX_CONTENT_LENGTH=int(config.body_bytes_max), JSON_SORT_KEYS=False,
        SESSION_COOKIE_NAME=(HOST_ONLY if config.env == "production" else "") + "huiyi_ui",
        SESSION_COOKIE_SAMESITE="Lax", SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=config.env == "production", WTF_CSRF_TIME_LIMIT=12 * 3600, WTF_CSRF_SSL_STRICT=False,
        TRUSTED_HOSTS=[host for host in config.trusted_hosts.split(",") if host] or None, TESTING=config.env == "test",
        BABEL_DEFAULT_LOCALE="zh_Hans_CN", BABEL_DEFAULT_TIMEZONE="Asia/Shanghai", HUIYI=config, **OPENAPI,
    )  # fmt: skip
    if proxies := int(config.proxies):  # what counts by address must see the visitor's, not the proxy's
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["huiyi_database"] = db.Database(config.database_url)
    app.extensions["huiyi_database"].engine.update_execution_options(**{sealing.OPTION: config.sealing_keys()})
    archive = Archive(Engine(config.usage_engine), Path(config.usage_archive), config.spark_master)
    app.extensions["huiyi_database"].engine.update_execution_options(**{OPTION: archive})
    app.extensions["huiyi_policies"] = book_of(Path(config.policies), tuple(config.overlays()))
    app.extensions["huiyi_calendar"] = WorkingCalendar(read_holidays(Path(config.policies) / "holidays"))
    app.config[FIRST_PAGE] = "/desk"
    app.extensions["huiyi_used"] = used_of  # the market's pages show what metering on the floor above has counted
    app.extensions["huiyi_event_types"] = announcing.titles  # what happens on every floor is known up here
    app.extensions["huiyi_outside"] = Outside(read_admitted(config.outbound_networks), config.outbound_certificates)
    app.extensions["huiyi_stripe"] = paying.provider_of(config)
    app.extensions[PROOF] = printed  # what a statement says of its proof, which is worked out on top of statements
    Babel(app, locale_selector=shell.chosen_locale)
    problems.register(app)
    shell.register(app)
    assets.register(app)
    csrf = CSRFProtect(app)  # after the shell: a refused form has its trace, its reader's name and menu
    api = DocumentedApi(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=schema_name)})
    for blueprint in API_BLUEPRINTS:
        api.register_blueprint(blueprint)
        csrf.exempt(blueprint)
    for plain in PLAIN_BLUEPRINTS:
        app.register_blueprint(plain)
        csrf.exempt(plain)
    for pages in PAGE_BLUEPRINTS:
        app.register_blueprint(pages)
    public(app.view_functions["static"])
    undeclared = undeclared_routes(app)
    if undeclared:
        raise RouteWithoutPermission("没有声明权限的路由，拒绝启动：" + "；".join(undeclared))
    if config.is_demonstration:
        from web.demo import sign_ins  # only the demonstration has any

        app.config[sign_ins.CONFIG_KEY] = sign_ins.read(config.database_url)
        clock.run_from(_end_of_story(app))
    return app


def schema_name(schema: Any) -> str:
    """Return a schema's name in the OpenAPI document: with its concept, since several have a ``ReasonIn``; with the
    fields that it is limited to, or that are left out.
    """
    kind = resolve_schema_cls(schema)
    assert isinstance(kind, type), "several schemas under one name"
    concept = kind.__module__.split(".")[-2] if kind.__module__.endswith(".schemas") else ""
    shown = "-".join(sorted(getattr(schema, "only", None) or ()))
    hidden = "-".join(["without", *sorted(schema.exclude)]) if getattr(schema, "exclude", None) else ""
    return ".".join(part for part in (concept, kind.__name__.removesuffix("Schema"), shown, hidden) if part)


def _end_of_story(app: Flask) -> datetime | None:
    """Return the moment of the newest audit line: the demonstration goes on from there, on any day."""
    engine = app.extensions["huiyi_database"].engine
    if not sa.inspect(engine).has_table("audit_line"):
        return None
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.max(audit.AuditLine.at, type_=db.MomentType())))


__all__ = ["ROOT", "Config", "RouteWithoutPermission", "create_app"]
