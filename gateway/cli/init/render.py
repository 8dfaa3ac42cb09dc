"""The files that `gateway init` writes, from their templates."""

from __future__ import annotations

import secrets
from base64 import b64encode
from importlib.resources import files
from string import Template

from gateway.cli.init.answers import CONSENT_COOKIES, Answers


class _Template(Template):
    """Uses ``@name`` as placeholder, because ``${NAME}`` has a meaning in the configuration."""

    delimiter = "@"


def configuration(answers: Answers) -> str:
    """The text of gateway.yaml."""
    head = _filled("gateway.yaml", sites=", ".join(answers.sites), cookies=_cookies(answers))
    return head + "\n".join(_filled(f"{name}.yaml") for name in answers.destinations)


def environment(answers: Answers) -> str:
    """The text of .env, with new random secrets for the keys that are the operator's own."""
    head = _filled(
        "env",
        backend_key=secrets.token_hex(32),
        hash_salt=secrets.token_hex(32),
        operators_token=secrets.token_hex(32),
    )
    webhook_secret = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    return head + "".join(
        _filled(f"{name}.env", webhook_secret=webhook_secret) for name in answers.destinations
    )


def _cookies(answers: Answers) -> str:
    if answers.consent_manager not in CONSENT_COOKIES:
        return "# cookies: {CookieConsent: cookiebot}   # of your consent manager"
    name, remark = CONSENT_COOKIES[answers.consent_manager]
    line = f"cookies: {{{name}: {answers.consent_manager}}}"
    return f"{line}   # {remark}" if remark else line


def _filled(name: str, **values: str) -> str:
    text = files("gateway.cli.init").joinpath("templates", name).read_text(encoding="utf-8")
    return _Template(text).substitute(values)
