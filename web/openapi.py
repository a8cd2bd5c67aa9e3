"""The OpenAPI document: what flask-smorest finds out from the routes, with this site's own refusals."""

from __future__ import annotations

import http

import flask_smorest
import marshmallow as ma
from flask import current_app
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
