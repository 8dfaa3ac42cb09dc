"""Who asks, as pages and actions see it."""

from __future__ import annotations

from starlette.requests import Request

from gateway.console.trouble import Trouble

FOR_OPERATORS = (
    "This needs the role operator, since it shows personal data or changes something. Ask whoever "
    "keeps the configuration (console.users)."
)


def is_operator(request: Request) -> bool:
    """Anybody who is not known is a viewer."""
    return getattr(operator_of(request), "role", "viewer") == "operator"


def require_operator(request: Request) -> None:
    """Raises `Trouble` for viewers."""
    if not is_operator(request):
        raise Trouble(403, FOR_OPERATORS)


def user_of(request: Request) -> str:
    """As the log of operators' actions names him, such as ``console:anna``."""
    return f"console:{getattr(operator_of(request), 'name', 'unknown')}"


def operator_of(request: Request) -> object | None:
    """With ``name`` and ``role``, as `gateway.console.access` gives it; None if it is not known."""
    return getattr(request.state, "operator", None)
