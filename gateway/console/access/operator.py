"""Who asks, and what that role may do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.configuration.console import Role

ONLY_OPERATORS = (
    "Your role is viewer, and only operators may do this. Ask for the role operator: in "
    "`console.users` of the configuration, or at the provider with which you sign in."
)


@dataclass(frozen=True, slots=True)
class Operator:
    """Someone who has signed in, as ``request.state.operator``."""

    name: str
    role: Role

    @property
    def user(self) -> str:
        """As the log of operators' actions names them."""
        return f"console:{self.name}"


def operator_of(request: Request) -> Operator | None:
    """Who has signed in; None for nobody."""
    operator: Operator | None = getattr(request.state, "operator", None)
    return operator


def is_operator(request: Request) -> bool:
    """Whether who asks has the role operator."""
    operator = operator_of(request)
    return operator is not None and operator.role == "operator"


def require_operator(request: Request) -> None:
    """Raises HTTPException (403) unless who asks has the role operator."""
    if not is_operator(request):
        raise HTTPException(403, ONLY_OPERATORS)


def user_of(request: Request) -> str:
    """Who asks, as the log of operators' actions names them."""
    operator = operator_of(request)
    return operator.user if operator else "console:unknown"
