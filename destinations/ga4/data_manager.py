"""The transport `data_manager`: events by the Data Manager API, which reports errors.

Google refuses a request with a faulty event as a whole, and otherwise accepts it and reports later
what became of each event.

Source: developers.google.com/data-manager/api/devguides/events/analytics
(recommended-custom-events/send-events, measurement-protocol/upgrade/field-mappings).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from destinations.base import Event, Request, Unsendable
from destinations.batches import Batch, batched
from destinations.event_values import time_text
from destinations.ga4.client import client_of
from destinations.ga4.data_manager_event import fields_of_client, fields_of_params
from destinations.ga4.identity import id_from_servers, is_debugged
from destinations.ga4.late import sent_time
from destinations.ga4.names import name_from_servers
from destinations.ga4.params import params_of
from destinations.ga4.person import DATA_MANAGER
from destinations.ga4.problems import problem_from_servers, remark_on_purchase
from destinations.ga4.rules import most_important
from destinations.ga4.settings import GA4Settings
from destinations.google_data_manager.api import MAX_EVENTS, Api, customer_type
from destinations.mapping import Mapper

NAMES = "`property_id`, `measurement_id` or `firebase_app_id`"
"""Settings that say where events go."""


class DataManager:
    """Requests of a web or an app stream."""

    def __init__(self, settings: GA4Settings, mapper: Mapper) -> None:
        self._settings = settings
        self._mapper = mapper
        self._is_app = settings.firebase_app_id is not None
        self.api = Api(
            str(settings.base_url),
            settings.credential or "",
            settings.quota_project,
            settings.validate_only,
        )
        account = {"accountType": "GOOGLE_ANALYTICS_PROPERTY", "accountId": settings.property_id}
        self._stream = {
            "operatingAccount": account,
            "loginAccount": account,
            "productDestinationId": settings.firebase_app_id or settings.measurement_id,
        }

    def problem(self, event: Event) -> str:
        """Why Google would refuse the event; "" if it would not."""
        return problem_from_servers(
            event, self._mapper, id_from_servers(event, self._is_app), self._is_app
        )

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        def translated(event: Event) -> tuple[bool, dict[str, Any]] | str:
            test = self._settings.debug_mode or is_debugged(event)
            return self.problem(event) or (test, self._translate(event, now, test))

        return batched(events, translated, self._request, MAX_EVENTS)

    def _translate(self, event: Event, now: float, debug_mode: bool) -> dict[str, Any]:
        """`event` in Data Manager's format. now: Unix seconds. debug_mode: whether DebugView shows
        it."""
        settings, client_id = self._settings, id_from_servers(event, self._is_app)
        client = client_of(event, client_id, self._is_app, settings.phone_region, DATA_MANAGER)
        name = name_from_servers(event, self._mapper)
        params = params_of(event, self._mapper, client, debug_mode)
        remark_on_purchase(name, params)
        customer = customer_type(event)
        if customer:
            params.pop("customer_type", None)
        at = sent_time(event, now, settings.too_old)
        return {
            "eventName": name,
            "eventTimestamp": time_text(now if at is None else at),
            "eventSource": "APP" if self._is_app else "WEB",
            "appInstanceId" if self._is_app else "clientId": client_id,
            **fields_of_params(most_important(params)),
            **fields_of_client(client, customer),
        }

    def _request(self, batch: Batch, test: bool) -> Request:
        request = self.api.ingest(batch, [self._stream])
        return request._replace(test=True) if test else request
