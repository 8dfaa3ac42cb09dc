"""One-time links: whoever can run commands where the gateway runs gets in as an operator.

A link shows a button, and only the button uses the link up: programs that look at links before
people do, in mail and chats, send no form.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.configuration.console import LOCAL
from gateway.configuration.settings import Settings
from gateway.console.access.log import note
from gateway.console.access.pages import NO_STORE, needs_redis, page, words_answer
from gateway.console.access.sessions import Sessions, new_session
from gateway.queue.console_attempts import ConsoleAttempts
from gateway.queue.console_sessions import ConsoleSessions

USED = (
    "This link was used already, is older than 15 minutes, or ended with all sessions. "
    "`gateway console link` prints a new one. If it was used and not by you, end all sessions: "
    "`gateway console end-sessions`."
)


@dataclass(frozen=True, slots=True)
class Links:
    settings: Settings
    sessions: Sessions
    stored: ConsoleSessions
    attempts: ConsoleAttempts

    def routes(self) -> list[Route]:
        return [
            Route("/link/{token}", self.show, methods=["GET"]),
            Route("/link/{token}", needs_redis(self.use), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return page("link.html", request, {"title": "Sign in"})

    async def use(self, request: Request) -> Response:
        if not await self.stored.use_link(request.path_params["token"]):
            if refused := await self.attempts.refused(LOCAL):
                arguments = {"method": "link", "refusal": "no such link"}
                user, counts = f"console:{LOCAL}", {"refused": refused}
                await note(self.settings, user, "console login refused", arguments, counts)
            return words_answer(request, 403, USED)
        session = new_session(self.settings.console, "link", LOCAL, "operator")
        answer = RedirectResponse("/", 303, NO_STORE)
        await self.sessions.start(request, answer, session)
        arguments = {"method": "link", "role": "operator"}
        await note(self.settings, session.operator.user, "console login", arguments)
        return answer
