"""Problems of an event: those for which GA4 would discard it, and gaps in its reports."""

from typing import Any

from destinations.base import Event
from destinations.ga4.names import (
    RESERVED_IN_APPS,
    RESERVED_ON_WEB,
    name_from_servers,
    problem_of_name,
)
from destinations.ga4.rules import MAX_TRANSACTION_ID
from destinations.mapping import Mapper
from destinations.remarks import remark


def problem_from_servers(event: Event, mapper: Mapper, client_id: str, is_app: bool) -> str:
    """Why GA4 would not count `event` from a server; "" if it would. client_id: the id of the
    browser or the app instance."""
    name = name_from_servers(event, mapper)
    reserved = RESERVED_IN_APPS if is_app else RESERVED_ON_WEB
    if problem := problem_of_name(name, reserved) or problem_of_order(event):
        return problem
    if client_id:
        return ""
    if is_app:
        return "app_instance_id is missing: GA4 requires it for events of an app"
    return "client_id is missing: GA4 requires client_id or user_id"


def problem_of_order(event: Event) -> str:
    """Why GA4 would confuse the order in `event` with another; "" if it would not."""
    if len(event.get("transaction_id", "")) > MAX_TRANSACTION_ID:
        return (
            f"transaction_id has more than {MAX_TRANSACTION_ID} characters: GA4 would truncate it, "
            "and merge orders; send a shorter one"
        )
    return ""


def remark_on_purchase(name: str, params: dict[str, Any]) -> None:
    """Remarks on a missing currency or transaction id of an event with `name` and `params`."""
    if "value" in params and "currency" not in params:
        remark("currency: missing; GA4 does not count a value without it")
    if name == "purchase" and "transaction_id" not in params:
        remark("transaction_id: missing; GA4 counts a purchase without it each time it comes")
