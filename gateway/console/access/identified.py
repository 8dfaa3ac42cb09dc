"""Finds out who asks, and answers only those who have signed in."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console.access.pages import NO_REDIS, NO_STORE, wants_page, words_answer
from gateway.console.access.paths import Paths
from gateway.console.access.requests import SAFE
from gateway.console.access.sessions import Sessions
from gateway.redis_client.connect import RedisError

SIGN_IN_FIRST = (
    "Sign in first: nobody has signed in with this browser, or the session has ended. Then repeat "
    "what you did."
)


class Identified:
    """`app` for those who have signed in: with the user as ``request.state.operator``, and the CSRF
    token of the session as ``request.state.csrf``.

    Others are redirected to the form, or get 401 if they did not ask for a page. open_paths: where
    `app` answers them too.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions, open_paths: Paths) -> None:
        self._app = app
        self._sessions = sessions
        self._open_paths = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request, found = Request(scope), None
        is_open = scope["path"] in self._open_paths
        try:
            found = await self._sessions.of(request)
        except RedisError:
            if not is_open:
                answer = words_answer(request, 503, NO_REDIS, {"retry-after": "2"})
                await answer(scope, receive, send)
                return
        state = scope.setdefault("state", {})
        state["operator"], state["csrf"] = None, ""
        if found is not None:
            session, state["csrf"] = found
            state["operator"] = session.operator
        elif not is_open:
            await _sign_in(request)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _sign_in(request: Request) -> Response:
    if request.method in SAFE and wants_page(request):
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        query = "" if path == "/" else "?" + urlencode({"next": path})
        return RedirectResponse(f"/login{query}", 303, NO_STORE)
    # htmx loads its page again, which leads to the form
    return words_answer(request, 401, SIGN_IN_FIRST, {"hx-refresh": "true"})
