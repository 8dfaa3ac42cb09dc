"""The OpenAPI documents of a gateway: of the endpoints at its public address, and of those for
operators.

Source: spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gateway.configuration.settings import Settings, build_sources
from gateway.sources.base import Source
from gateway.sources.claims import Claim, claims_of
from gateway.sources.description import (
    JSON,
    AnswerDescription,
    Operation,
    Schema,
    component_schemas,
)
from gateway.sources.submission_tokens import SUBMISSION_HEADER
from gateway.web.intake import QUESTION_METHODS
from gateway.web.openapi_answers import ANSWERS, statuses_of
from gateway.web.openapi_routes import OPERATOR_PATHS, public_paths
from gateway.web.scripts import script_claims
from gateway.web.token_endpoint import METHODS

Document = dict[str, Any]

OPENAPI = "3.1.0"

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""Characters that need no escape in a path (RFC 3986, 3.3). Braces would make it a template, as
they do in a question's path."""

_NAME_IN_PATH = re.compile(r"\{(\w+)\}")

_TEXT = (
    "The endpoints of this gateway's configuration, for those who send events. One more slash at "
    "the end of a source's path is ignored. A path with `servers` of its own is also answered "
    "below any other path. At paths of no source, HEAD is answered like GET, without a body. A "
    "body may come with `Content-Encoding: gzip`. At any path, invalid HTTP is answered 400, 408, "
    "431, 501 or 505."
)
_TOKEN = {
    "type": "object",
    "required": ["token", "expires_in"],
    "properties": {
        "token": {"type": "string"},
        "expires_in": {"type": "integer", "description": "Seconds until the token expires."},
    },
}
_TOKEN_HEADER = {
    "name": SUBMISSION_HEADER,
    "in": "header",
    "description": "A submission token, unless it is in the body or a key is shown.",
    "schema": {"type": "string"},
}
_OPERATORS_TEXT = "The endpoints at the operators' address (`--operators-host`)."


def public_document(settings: Settings) -> Document:
    """The document of the public address: what senders of events may ask, and the answers."""
    sources = build_sources(settings)
    url = settings.server.public_url
    paths = {
        _written(claim): _path(claim, sources[name]) | _servers(claim, url)
        for name, source in sources.items()
        for claim in claims_of(name, source)
    }
    others = public_paths(settings)
    for claim, _ in script_claims(settings.sources):
        others[claim.path] |= _servers(claim, url)
    return {
        "openapi": OPENAPI,
        "info": _info("Event gateway", _TEXT, settings),
        "servers": [{"url": url}],
        "tags": [{"name": name, "description": _about(each)} for name, each in sources.items()],
        "paths": {**others, **paths},
        "components": {
            "schemas": component_schemas(),
            "responses": {status: _response([each]) for status, each in ANSWERS.items()},
            "securitySchemes": dict(_security_schemes(sources)),
        },
    }


def operators_document(settings: Settings) -> Document:
    """The document of the operators' address: what operators may ask, and the answers."""
    has_token = settings.server.operators_token is not None
    document = {
        "openapi": OPENAPI,
        "info": _info("Event gateway, for operators", _OPERATORS_TEXT, settings),
        "servers": [{"url": "http://127.0.0.1:8081"}],
        "paths": {
            path: {"get": {**get, "responses": {**get["responses"], **_denied(has_token)}}}
            for path, get in OPERATOR_PATHS.items()
        },
    }
    if not has_token:
        return document
    token = {"type": "http", "scheme": "bearer", "description": "`server.operators_token`."}
    return {
        **document,
        "components": {"securitySchemes": {"token": token}},
        "security": [{"token": []}],
    }


def _denied(has_token: bool) -> Schema:
    content = {"text/plain": {"schema": {"type": "string"}}}
    if has_token:
        return {"401": {"description": "The token is missing or wrong.", "content": content}}
    text = "Only requests from this machine to a loopback address are answered."
    return {"403": {"description": text, "content": content}}


def _info(title: str, text: str, settings: Settings) -> Schema:
    return {"title": title, "description": text, "version": settings.version or "unknown"}


def _about(source: Source[Any]) -> str:
    """Which pages may send, and with what CORS headers they are answered."""
    origins = source.settings.allowed_origins
    about = f"A source of the type `{source.type}`."
    if not origins:
        return (
            f"{about} Any page may send events, and pages of other origins cannot read the "
            f"answers (CORS)."
        )
    return (
        f"{about} Pages of these origins may send events and read the answers, with credentials "
        f"(CORS): "
        f"{', '.join(origins)}. OPTIONS answers their preflight requests."
    )


def _written(claim: Claim) -> str:
    """The path as it is written in the document."""
    return quote(claim.path, safe=_PATH_CHARACTERS + "{}" * (claim.role == "question"))


def _servers(claim: Claim, url: str) -> Document:
    """The servers of a path that is claimed below any other path; nothing for other claims."""
    if not claim.any_prefix:
        return {}
    prefix = {"default": "metrics", "description": "Any path, of one or more segments."}
    below = {"url": f"{url}/{{prefix}}", "variables": {"prefix": prefix}}
    return {"servers": [{"url": url}, below]}


def _path(claim: Claim, source: Source[Any]) -> Document:
    if claim.role == "token":
        return _token_path(claim.source)
    if claim.role == "question":
        described = dict.fromkeys(QUESTION_METHODS, source.questions[claim.path])
    else:
        described = {method: source.describe(method) for method in source.methods}
    names = _NAME_IN_PATH.findall(claim.path) if claim.role == "question" else ()
    parameters = [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string"}}
        for each in names
    ]
    text = f"Other methods are answered 405, with `Allow`: use {' or '.join(described)}."
    operations = {
        method.lower(): _operation(claim, source, operation)
        for method, operation in described.items()
    }
    return {"description": text, "parameters": parameters, **operations}


def _token_path(name: str) -> Document:
    """Where pages fetch submission tokens for the source `name`."""
    answer = AnswerDescription("A token for the requesting page.", {JSON: _TOKEN})
    refused = {each: {"$ref": f"#/components/responses/{each}"} for each in ("403", "429", "431")}
    operation = {
        "tags": [name],
        "description": "A submission token for pages of the origin in `Origin` or `Referer`.",
        "responses": {"200": _response([answer]), **refused},
    }
    return {method.lower(): operation for method in METHODS}


def _operation(claim: Claim, source: Source[Any], described: Operation) -> Document:
    name = claim.source
    needs_token = claim.role == "events" and source.settings.submission_tokens is not None
    operation: Document = {
        "tags": [name],
        "description": described.text,
        "parameters": [*described.parameters, *([_TOKEN_HEADER] if needs_token else [])],
        "responses": _responses(statuses_of(source.settings), described),
    }
    if described.documentation:
        operation["externalDocs"] = {"url": described.documentation}
    if described.body:
        content = {media_type: {"schema": each} for media_type, each in described.body.items()}
        operation["requestBody"] = {"content": content}
    if described.keys:
        keys: list[Document] = [{f"{name}.{key}": []} for key in described.keys]
        operation["security"] = keys if described.needs_key else [*keys, {}]
    return operation


def _security_schemes(sources: Mapping[str, Source[Any]]) -> Iterator[tuple[str, Schema]]:
    for name, source in sources.items():
        for described in (
            *map(source.describe, source.methods),
            *source.claimed_questions.values(),
        ):
            for key, scheme in described.keys.items():
                yield f"{name}.{key}", scheme


def _responses(statuses: Iterable[str], described: Operation) -> Document:
    """statuses: of the gateway's own answers."""
    responses: Document = {
        status: {"$ref": f"#/components/responses/{status}"} for status in statuses
    }
    for status, answer in described.answers.items():
        ours = [ANSWERS[status]] if status in responses else []
        responses[status] = _response([answer, *ours])
    return dict(sorted(responses.items()))


def _response(answers: Sequence[AnswerDescription]) -> Document:
    """The answers of one status."""
    lines = [answer.text for answer in answers]
    schemas: dict[str, list[Schema]] = {}
    headers: dict[str, Schema] = {}
    for answer in answers:
        lines += [f"- `{reason}`: {text}" for reason, text in answer.reasons.items()]
        headers |= answer.headers
        for media_type, schema in answer.content.items():
            schemas.setdefault(media_type, []).append(schema)
    response: Document = {"description": "\n".join(lines)}
    if schemas:
        response["content"] = {
            media_type: {"schema": each[0] if len(each) == 1 else {"anyOf": each}}
            for media_type, each in schemas.items()
        }
    if headers:
        response["headers"] = headers
    return response
