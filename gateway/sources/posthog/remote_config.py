"""The configuration that posthog-js requests before anything else.

It only states the supported compressions. With it, posthog-js sends gzip as ``text/plain``; without
it, plain JSON, for which browsers send a CORS preflight. It does not mention the features that
PostHog's server switches on or off: posthog-js then requests flags, leaves session recordings and
surveys off, and does not change autocapture.

Source: the npm package posthog-js 1.449, lib/src/remote-config.js and posthog-core.js
"""

from gateway.sources.base import Answer, Inbound, Refused
from gateway.sources.description import (
    JSON,
    REFUSAL,
    UNAUTHORIZED,
    AnswerDescription,
    Operation,
    Schema,
)

_CONFIG = "/array/{key}/config"
_SCRIPT = "/array/{key}/config.js"
_COMPRESSIONS = ["gzip-js", "base64"]
_SCHEMA: Schema = {
    "type": "object",
    "properties": {"supportedCompression": {"type": "array", "items": {"type": "string"}}},
}

QUESTIONS = {
    _CONFIG: Operation(
        text="The configuration of posthog-js: which compressions are read. It switches no feature "
        "on.",
        answers={
            "200": AnswerDescription("The configuration.", {JSON: _SCHEMA}),
            "401": UNAUTHORIZED,
        },
    ),
    _SCRIPT: Operation(
        text="The configuration as a script, which the gateway does not serve: posthog-js asks for "
        "the other then.",
        answers={
            "404": AnswerDescription(
                "There is no such script here.",
                {JSON: REFUSAL},
                {"no_script": "Ask for the configuration as JSON."},
            )
        },
    ),
}
ANSWER = Answer.json(200, {"supportedCompression": _COMPRESSIONS})


def key_in_path(request: Inbound) -> str | None:
    """The key in the path of the configuration; None for other paths. Raises `Refused` if the
    configuration is requested as a script."""
    above, _, last = request.path.rstrip("/").rpartition("/")
    folder, _, key = above.rpartition("/")
    if not folder.endswith("/array") or not last.startswith("config"):
        return None
    if last == "config":
        return key
    raise Refused(404, "no_script", "the gateway does not serve scripts of PostHog: ask for config")
