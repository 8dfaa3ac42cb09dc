"""The form for a password, and signing out."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.configuration.settings import Settings
from gateway.console.access.cookies import is_https
from gateway.console.access.log import UNKNOWN, note
from gateway.console.access.operator import Operator
from gateway.console.access.pages import NO_STORE, needs_redis, page
from gateway.console.access.passwords import Busy, Passwords, is_outdated
from gateway.console.access.return_path import return_path
from gateway.console.access.sessions import Sessions, new_session
from gateway.queue.console_attempts import ConsoleAttempts
from gateway.urls.domains import host_name, is_local

log = logging.getLogger(__name__)

WRONG = "The name or the password is wrong."
PAUSED = (
    "Too many attempts to sign in. Try again in {wait}. Whoever can run commands where the gateway "
    "runs can sign in at once: `gateway console link` prints a link."
)
BUSY = "Too many people sign in at this moment. Try again in a few seconds."


@dataclass(frozen=True, slots=True)
class SignIn:
    settings: Settings
    sessions: Sessions
    attempts: ConsoleAttempts
    passwords: Passwords
    network: Callable[[Request], str]

    def routes(self) -> list[Route]:
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", needs_redis(self.check), methods=["POST"]),
            Route("/logout", needs_redis(self.end), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        wanted = return_path(request.query_params.get("next", ""))
        if request.state.operator is not None:
            return RedirectResponse(wanted, 303, NO_STORE)
        return self._form(request, wanted)

    async def check(self, request: Request) -> Response:
        fields = _fields(await request.body())
        name, password, wanted = (fields.get(each, "") for each in ("name", "password", "next"))
        wanted, network = return_path(wanted), self.network(request)
        if wait := await self.attempts.take(name, network):
            words = PAUSED.format(wait=_in_words(wait))
            answer = self._form(request, wanted, words, name, 429, math.ceil(wait))
            return self._noting(answer, name, "too many attempts")
        try:
            if not await self.passwords.verify(name, password):
                answer = self._form(request, wanted, WRONG, name, 403)
                return self._noting(answer, name, "wrong password")
        except Busy:
            return self._form(request, wanted, BUSY, name, 503, 3)
        return await self._admit(request, name, network, wanted)

    async def end(self, request: Request) -> Response:
        operator: Operator | None = request.state.operator
        answer = RedirectResponse("/login", 303, NO_STORE)
        await self.sessions.end(request, answer)
        if operator is not None:
            await note(self.settings, operator.user, "console logout", {})
        return answer

    async def _admit(self, request: Request, name: str, network: str, wanted: str) -> Response:
        user = self.settings.console.users[name]
        if is_outdated(user.password.get_secret_value()):
            log.warning(
                "the password hash of console.users.%s has older parameters than today's: make a "
                "new one with `gateway console hash-password`",
                name,
            )
        refused = await self.attempts.succeeded(name, network)
        session = new_session(self.settings.console, "password", name, user.role)
        answer = RedirectResponse(wanted, 303, NO_STORE)
        await self.sessions.start(request, answer, session)
        counts = {"refused_before": refused} if refused else {}
        arguments = {"method": "password", "role": user.role}
        await note(self.settings, session.operator.user, "console login", arguments, counts)
        return answer

    def _noting(self, answer: Response, name: str, reason: str) -> Response:
        """`answer`, followed by a line in the log. It is written only after the answer, since the
        time that it takes would reveal which names exist."""
        answer.background = BackgroundTask(self._note_refusal, name, reason)
        return answer

    async def _note_refusal(self, name: str, reason: str) -> None:
        is_known = name in self.settings.console.users
        if refused := await self.attempts.refused(name if is_known else ""):
            user = f"console:{name}" if is_known else UNKNOWN
            arguments = {"method": "password", "refusal": reason}
            counts = {"refused": refused}
            await note(self.settings, user, "console login refused", arguments, counts)

    def _form(
        self,
        request: Request,
        wanted: str,
        words: str = "",
        name: str = "",
        status: int = 200,
        wait: int = 0,
    ) -> Response:
        console = self.settings.console
        data = {
            "title": "Sign in",
            "words": words,
            "name": name[:64],
            "next": wanted,
            "with_password": bool(console.users),
            "with_openid": console.openid is not None,
            "is_open": _is_open_line(request),
        }
        return page("login.html", request, data, status, {"retry-after": str(wait)} if wait else {})


def _fields(body: bytes) -> dict[str, str]:
    """The fields of the form; none if `body` is not a form."""
    try:
        text = body.decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _is_open_line(request: Request) -> bool:
    """Whether others on the network could read the password."""
    return not is_https(request) and not is_local(host_name(request.headers.get("host", "")))


def _in_words(seconds: float) -> str:
    whole = math.ceil(seconds)
    return "1 second" if whole == 1 else f"{whole} seconds"
