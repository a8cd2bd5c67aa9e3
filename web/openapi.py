"""The OpenAPI document: what flask-smorest finds out from the routes, with this site's own refusals."""

from __future__ import annotations

import http
import threading
from typing import Any

import flask_smorest
import marshmallow as ma
from apispec import APISpec
from flask import Flask, current_app
from flask_smorest.utils import prepare_response

PROBLEM_MEDIA_TYPE = "application/problem+json"
UNPROBLEMATIC = (http.HTTPStatus.NO_CONTENT, http.HTTPStatus.NOT_MODIFIED)


class FieldErrorSchema(ma.Schema):
    """One wrong field."""

    pointer = ma.fields.String(required=True, metadata={"description": "JSON pointer"})
    code = ma.fields.String(required=True)
    message = ma.fields.String(required=True)
    message_en = ma.fields.String()


class ProblemSchema(ma.Schema):
    """A refusal (RFC 9457): ``code`` is stable and listed in docs/errors.md."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    instance = ma.fields.String(required=True)
    code = ma.fields.String(required=True)
    trace_id = ma.fields.String(required=True)
    retryable = ma.fields.Boolean(required=True)
    errors = ma.fields.List(ma.fields.Nested(FieldErrorSchema), required=True)
    rule = ma.fields.String()
    article = ma.fields.String()


class DocumentedApi(flask_smorest.Api):
    """flask-smorest's document; how refusals are answered is :mod:`web.problems`' matter alone."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask, *, spec_kwargs: dict[str, Any]) -> None:
        self._undocumented: list[flask_smorest.Blueprint] = []
        self._documenting = threading.RLock()
        super().__init__(app, spec_kwargs=spec_kwargs)

    def register_blueprint(self, blp: flask_smorest.Blueprint, **options: Any) -> None:
        """Mount the routes; they are described when the document is asked for: most processes never are."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undocumented.append(blp)

    @property
    def spec(self) -> APISpec:
        """The document, with every mounted route in it."""
        with self._documenting:
            while self._undocumented:
                blp = self._undocumented[0]
                blp.register_views_in_doc(self, self._app, self._spec, name=blp.name, parameters=None)
                self._spec.tag({"name": blp.name, "description": blp.description})
                del self._undocumented[0]  # last of all: what cannot be described shall not go missing in silence
            return self._spec

    @spec.setter
    def spec(self, begun: APISpec) -> None:
        self._spec = begun

    def _register_error_handlers(self) -> None:
        """Leave :mod:`web.problems` in charge: it is registered on the application."""

    def _register_pagination_header(self) -> None:
        """Leave out flask-smorest's pages: ours carry a cursor in the body."""

    def _register_responses(self) -> None:
        refusals = {status.name: (status.phrase, status not in UNPROBLEMATIC) for status in http.HTTPStatus}
        refusals["DEFAULT_ERROR"] = ("拒绝或出错 · a refusal or a failure", True)
        for name, (words, has_body) in refusals.items():
            response = {"description": words, **({"schema": self.ERROR_SCHEMA} if has_body else {})}
            prepare_response(response, self.spec, PROBLEM_MEDIA_TYPE)
            self.spec.components.response(name, response, lazy=True)


def document() -> dict[str, object]:
    """Return the OpenAPI document of the running application."""
    found: dict[str, object] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return found
