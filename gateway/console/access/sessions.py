"""Sessions: who has signed in, and whether the configuration still lets them in."""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Literal

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.configuration.console import ConsoleSettings, Role
from gateway.console.access.cookies import clear_cookie, read_cookie, write_cookie
from gateway.console.access.operator import Operator
from gateway.queue.console_sessions import ConsoleSessions

COOKIE = "gateway_console"

Method = Literal["link", "password", "openid"]


@dataclass(frozen=True, slots=True)
class Session:
    """method: how they signed in. standing: digest of the settings that let them in."""

    method: Method
    name: str
    role: Role
    standing: str

    @property
    def operator(self) -> Operator:
        return Operator(self.name, self.role)


def new_session(settings: ConsoleSettings, method: Method, name: str, role: Role) -> Session:
    return Session(method, name, role, _standing(settings, method, name, role))


def csrf_token(token: str) -> str:
    """The CSRF token for forms of the session with `token`, which it does not reveal."""
    return hmac.digest(token.encode(), b"csrf", "sha256").hex()


class Sessions:
    """The sessions in `stored`. All methods raise a redis-py error when Redis does not answer."""

    def __init__(self, settings: ConsoleSettings, stored: ConsoleSessions) -> None:
        self._settings = settings
        self._stored = stored
        self._seconds = 3600 * settings.session_hours

    async def of(self, request: Request) -> tuple[Session, str] | None:
        """The session of `request` with its CSRF token. None without one, and once its user was
        removed or has another role or password."""
        token = read_cookie(request, COOKIE)
        data = await self._stored.read(token) if token else None
        session = None if data is None else _read(data)
        if session is None:
            return None
        standing = _standing(self._settings, session.method, session.name, session.role)
        if not standing or standing != session.standing:
            await self._stored.end(token)
            return None
        return session, csrf_token(token)

    async def start(self, request: Request, response: Response, session: Session) -> None:
        """Gives the browser a session under a new token, in place of the one that it has."""
        await self._stored.end(read_cookie(request, COOKIE))
        token = await self._stored.start(orjson.dumps(asdict(session)), self._seconds)
        write_cookie(request, response, COOKIE, token, self._seconds)

    async def end(self, request: Request, response: Response) -> None:
        await self._stored.end(read_cookie(request, COOKIE))
        clear_cookie(request, response, COOKIE)


def _read(data: bytes) -> Session | None:
    """None for one that another version of the gateway has started."""
    try:
        return Session(**orjson.loads(data))
    except (TypeError, ValueError):
        return None


def _standing(settings: ConsoleSettings, method: Method, name: str, role: Role) -> str:
    """A digest of the settings by which `name` may have `role`; "" if they may not."""
    facts: list[object] = [method, role]
    if method == "password":
        user = settings.users.get(name)
        if user is None or user.role != role:
            return ""
        facts.append(user.password.get_secret_value())
    elif method == "openid":
        if settings.openid is None:
            return ""
        secret = settings.openid.client_secret.get_secret_value()
        facts += [settings.openid.model_dump(mode="json", exclude={"client_secret"}), secret]
    return sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest()
