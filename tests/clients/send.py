"""Sends a few events with each SDK from PyPI to the gateway at the URL in the first argument.
Prints what went wrong, as JSON by the name of the SDK."""

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

GATEWAY = sys.argv[1]
PRODUCT = {"product_id": "TIDE-350", "name": "Tidewater mug", "price": 29.9, "quantity": 2}


def order(order_id: str) -> dict[str, Any]:
    return {"order_id": order_id, "revenue": 59.8, "currency": "EUR", "products": [PRODUCT]}


def segment(user: str) -> None:
    from segment import analytics

    analytics.write_key = "server-write-key"
    analytics.host = GATEWAY
    analytics.identify(user, {"email": "ada@example.com"})
    analytics.track(user, "Order Completed", order("segment-python"))
    analytics.shutdown()


def rudderstack(user: str) -> None:
    from rudderstack import analytics

    analytics.write_key = "server-write-key"
    analytics.dataPlaneUrl = GATEWAY
    analytics.track(user, "Order Completed", order("rudder-python"))
    analytics.page(user, None, "Cup", {"url": "https://shop.example/cup"})
    analytics.shutdown()


def snowplow(user: str) -> None:
    from snowplow_tracker import (
        Emitter,
        PageView,
        SelfDescribing,
        SelfDescribingJson,
        Subject,
        Tracker,
    )

    address = urlsplit(GATEWAY)
    emitter = Emitter(address.hostname, protocol=address.scheme, port=address.port, batch_size=1)
    subject = Subject().set_platform("srv").set_user_id(user)
    tracker = Tracker("shop", emitter, app_id="shop", subject=subject)
    tracker.track(PageView("https://shop.example/cup", "Cup"))
    data = {"method": "e-mail", "value": 5}
    event = SelfDescribingJson("iglu:com.shop/sign_up/jsonschema/1-0-0", data)
    tracker.track(SelfDescribing(event))
    tracker.flush()


def posthog(user: str) -> None:
    from posthog import Posthog

    client = Posthog("server-write-key", host=GATEWAY)
    client.set(distinct_id=user, properties={"email": "ada@example.com"})
    client.capture("Order Completed", distinct_id=user, properties=order("posthog-python"))
    client.shutdown()


def ga4mp(user: str) -> None:
    from ga4mp import GtagMP

    client = GtagMP("ga4-api-secret", "G-TEST000001", client_id="482113.1795219200")
    client._base_domain = f"{GATEWAY}/mp/collect"
    event = client.create_new_event("purchase")
    event.set_event_param("transaction_id", "ga4mp")
    event.set_event_param("value", 59.8)
    event.set_event_param("currency", "EUR")
    event.set_event_param("user_id", user)
    client.send([event])


SDKS: dict[str, Callable[[str], None]] = {
    "segment-analytics-python": segment,
    "rudder-sdk-python": rudderstack,
    "snowplow-tracker": snowplow,
    "posthog": posthog,
    "ga4mp": ga4mp,
}


def main() -> None:
    failed = {}
    for name, send in SDKS.items():
        try:
            send(f"user of {name}")
        except Exception as error:
            failed[name] = repr(error)
    print(json.dumps(failed))


if __name__ == "__main__":
    main()
