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


def require_operator(request: Request) -> Operator:
    """Who asks. Raises HTTPException (403) unless they have the role operator."""
    operator: Operator | None = getattr(request.state, "operator", None)
    if operator is None or operator.role != "operator":
        raise HTTPException(403, ONLY_OPERATORS)
    return operator
