"""Where a sign-in with the provider begins and ends."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.configuration.console import OpenIdSettings
from gateway.configuration.settings import Settings
from gateway.console.access.cookies import clear_cookie, read_cookie, write_cookie
from gateway.console.access.log import UNKNOWN, note
from gateway.console.access.openid.id_token import NotValid, name_of, role_of
from gateway.console.access.openid.provider import Provider, ProviderError
from gateway.console.access.openid.start import (
    CALLBACK,
    SIGN_IN_SECONDS,
    Start,
    authorization_url,
    begin,
    sealed,
    unsealed,
)
from gateway.console.access.pages import NO_STORE, needs_redis, words_answer
from gateway.console.access.return_path import return_path
from gateway.console.access.sessions import Sessions, new_session
from gateway.event.text import printable
from gateway.queue.console_attempts import ConsoleAttempts
from gateway.queue.console_sessions import ConsoleSessions

log = logging.getLogger(__name__)

COOKIE = "gateway_console_openid"
SENT = "sent"
"""The parameter that marks a request of a browser that was already sent to `base_url`."""
PACE = ":openid"
"""Stands for the name of a user where attempts are counted; no user can have it."""

OTHER_BROWSER = (
    "This sign-in was not started in this browser, was finished already, or is older than ten "
    "minutes. Start again from the console."
)
DENIED = "The provider did not let you in ({code}). Start again, or ask who administers it."
NO_ANSWER = (
    "The provider does not answer as it should: {reason}. Try again in a moment. Whoever can run "
    "commands where the gateway runs can sign in with `gateway console link`."
)
NOT_VALID = "The provider's answer cannot be trusted, so nobody was signed in. Start again."
NO_ROLE = (
    "You have signed in at the provider as {name}, but none of your values of {claim} is one of "
    "console.openid.operators or viewers. Ask who administers the gateway."
)
OTHER_HOST = (
    "This request came for the host {given}, not for that of console.openid.base_url ({base}), "
    "although the console sent the browser there. A proxy in front of the console has to pass the "
    "header Host on as it is."
)
PAUSED = "Too many attempts to sign in from your network. Try again in {seconds} s."

_is_code = re.compile(r"[a-z_]{1,40}").fullmatch


@dataclass(frozen=True, slots=True)
class OpenId:
    settings: Settings
    openid: OpenIdSettings
    provider: Provider
    sessions: Sessions
    stored: ConsoleSessions
    attempts: ConsoleAttempts
    network: Callable[[Request], str]

    def routes(self) -> list[Route]:
        return [
            Route("/login/openid", self.begin, methods=["GET"]),
            Route(CALLBACK, needs_redis(self.finish), methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        wanted = return_path(request.query_params.get("next", ""))
        base = self.openid.base_url
        host = request.headers.get("host", "").lower()
        if host != base.partition("://")[2]:
            if SENT in request.query_params:
                words = OTHER_HOST.format(given=host, base=base)
                return words_answer(request, 421, words)
            # the cookie has to be where the provider sends the browser back to
            query = urlencode({"next": wanted, SENT: "1"})
            return RedirectResponse(f"{base}/login/openid?{query}", 303, NO_STORE)
        try:
            metadata = await self.provider.metadata()
        except ProviderError as error:
            return self._no_answer(request, error)
        start = begin(wanted, time.time())
        url = authorization_url(metadata.authorization_endpoint, self.openid, start)
        answer = RedirectResponse(url, 303, NO_STORE)
        write_cookie(request, answer, COOKIE, sealed(start, self.openid), SIGN_IN_SECONDS)
        return answer

    async def finish(self, request: Request) -> Response:
        start = unsealed(read_cookie(request, COOKIE), self.openid)
        answer = await self._finish(request, start)
        clear_cookie(request, answer, COOKIE)
        return answer

    async def _finish(self, request: Request, start: Start | None) -> Response:
        given = request.query_params
        if start is None or not start.began(given.get("state", ""), time.time()):
            return words_answer(request, 403, OTHER_BROWSER)
        network = self.network(request)
        if wait := await self.attempts.take(PACE, network):
            seconds = math.ceil(wait)
            words = PAUSED.format(seconds=seconds)
            return words_answer(request, 429, words, {"retry-after": str(seconds)})
        if not await self.stored.claim(start.state, SIGN_IN_SECONDS):
            return words_answer(request, 403, OTHER_BROWSER)
        try:
            metadata = await self.provider.metadata()
            issuer = given.get("iss", None if metadata.states_issuer else self.openid.issuer)
            if issuer != self.openid.issuer:
                raise NotValid("the answer is from another issuer")
            if "code" not in given:
                code = given.get("error", "")
                words = DENIED.format(code=code if _is_code(code) else "no code")
                return words_answer(request, 403, words)
            claims = await self.provider.claims(given["code"], start)
        except ProviderError as error:
            log.warning("console.openid: nobody was signed in: %s", error)
            return self._no_answer(request, error)
        except NotValid as error:
            log.warning("an ID token for the console was refused: %s", error)
            await self._note_refusal(UNKNOWN, f"ID token: {error}")
            return words_answer(request, 403, NOT_VALID)
        console = self.settings.console
        name, role = name_of(claims, console), role_of(claims, self.openid)
        if role is None:
            await self._note_refusal(f"console:{name}", "no role")
            words = NO_ROLE.format(name=name, claim=self.openid.role_claim)
            return words_answer(request, 403, words)
        await self.attempts.succeeded(PACE, network)
        session = new_session(console, "openid", name, role)
        answer = RedirectResponse(start.wanted, 303, NO_STORE)
        await self.sessions.start(request, answer, session)
        arguments = {"method": "openid", "role": role, "subject": printable(claims["sub"][:255])}
        await note(self.settings, session.operator.user, "console login", arguments)
        return answer

    def _no_answer(self, request: Request, error: ProviderError) -> Response:
        return words_answer(request, 502, NO_ANSWER.format(reason=error), {"retry-after": "5"})

    async def _note_refusal(self, user: str, reason: str) -> None:
        if refused := await self.attempts.refused(""):
            arguments = {"method": "openid", "refusal": reason}
            counts = {"refused": refused}
            await note(self.settings, user, "console login refused", arguments, counts)
