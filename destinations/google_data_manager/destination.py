"""Google: conversions by the Data Manager API, for Google Ads and Campaign Manager 360.

Source: developers.google.com/data-manager/api (devguides/events, concepts/limits,
reference/rest/v1/events/ingest).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from destinations.base import (
    NO_CONVERSIONS,
    Destination,
    Event,
    Limits,
    Outcome,
    Request,
    Response,
    Unsendable,
)
from destinations.batches import Batch, batched
from destinations.conversions import id_of
from destinations.google_data_manager import answers
from destinations.google_data_manager.api import (
    LINGER,
    MAX_DESTINATIONS,
    MAX_EVENTS,
    POLL_EVERY,
    REQUESTS_PER_DAY,
    Api,
)
from destinations.google_data_manager.built_in import BUILT_IN, MAPPED_FIELDS
from destinations.google_data_manager.mapping import translate, unsendable
from destinations.google_data_manager.person import personal_data
from destinations.google_data_manager.settings import GoogleDataManagerSettings
from destinations.google_data_manager.ticket import Ticket
from destinations.google_data_manager.verdicts import verdicts
from destinations.hashed_forms import PersonalData

_NAMES = "`account_id` or `mapping`"


class GoogleDataManager(Destination[GoogleDataManagerSettings]):
    """Enhanced conversions and offline conversions of Google Ads, and Floodlight activities.

    Each event is a conversion by an action that exists already, so `mapping.events` names the
    events that Google gets, each with the id of its action. Others are withheld. One destination
    sends to one account, so that each event has one ending there; for another account, add another
    destination.

    Google takes a request first and decides about its events later, which takes minutes to hours.
    Until then an event is submitted. A request has events of up to ten conversion actions.

    Every event has a ``transactionId``, its `transaction_id` or else its `event_id`, by which
    Google recognises a repetition. Use the same one in the Google tag if it reports the same
    conversion.
    An address (`ip_override`) is sent only with `ip: full`.
    """

    type = "google_data_manager"
    title = "Google Data Manager API"
    test_mode = (
        "Set `validate_only: true`. Google checks the events, answers with their mistakes, and "
        "counts none."
    )
    limits = Limits(
        max_events=MAX_EVENTS,
        max_age=timedelta(days=90),
        dedupe=timedelta(days=90),
        linger=LINGER,
        poll_every=POLL_EVERY,
        requests_per_day=REQUESTS_PER_DAY,
    )
    purpose = "advertising"
    unwanted_events = NO_CONVERSIONS
    ip = "none"
    consent = ("ad_storage", "ad_user_data")
    allow_private_addresses = True
    integration_names = (
        "Google Ads",
        "Google Ads (Classic)",
        "Google Ads Conversions",
        "Google Ads Offline Conversions",
        "Google AdWords New",
        "Google Adwords Enhanced Conversions",
        "Google Adwords Offline Conversions",
        "Google Enhanced Conversions",
        "DCM Floodlight",
        "DoubleClick Floodlight",
    )
    built_in_mapping = BUILT_IN
    mapped_fields = MAPPED_FIELDS
    Settings = GoogleDataManagerSettings

    def __init__(self, settings: GoogleDataManagerSettings) -> None:
        super().__init__(settings)
        self._api = Api(
            str(settings.base_url),
            settings.credential,
            settings.quota_project,
            settings.validate_only,
        )
        self.quota = self._api.quota

    @cached_property
    def _groups(self) -> dict[str, int]:
        """A number for each conversion action. Actions with the same number can share a request."""
        actions = dict.fromkeys(self.mapper.names.values())
        return {action: place // MAX_DESTINATIONS for place, action in enumerate(actions)}

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        settings, mapper = self.settings, self.mapper

        def translated(event: Event) -> tuple[int, dict[str, Any]] | str:
            made = translate(event, now, mapper, settings)
            return made if isinstance(made, str) else (self._groups[made.action], made.event)

        def request(batch: Batch, _: int) -> Request:
            actions = dict.fromkeys(id_of(events[each], mapper) for each in batch)
            return self._api.ingest(batch, [*map(self._destination, actions)])

        return batched(events, translated, request, self.limits.max_events)

    def unsendable(self, event: Event) -> str:
        return unsendable(event, self.mapper, self.settings.phone_region)

    def has_id(self, event: Event) -> bool:
        made = translate(event, 0, self.mapper, self.settings)
        return not isinstance(made, str) and bool(made.event.get("transactionId"))

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        return answers.outcomes(request, response, _NAMES)

    def poll(self, ticket: str) -> Request:
        return self._api.status(Ticket.read(ticket).request_id)

    def verdicts(self, ticket: str, events: int, response: Response) -> Iterable[Outcome | None]:
        return verdicts(Ticket.read(ticket).reference, events, response)

    @classmethod
    def personal_data(cls, settings: GoogleDataManagerSettings) -> PersonalData:
        return personal_data(settings.phone_region)

    def _destination(self, action: str) -> dict[str, Any]:
        settings = self.settings
        account = {"accountType": settings.account_type, "accountId": settings.account_id}
        made: dict[str, Any] = {
            "reference": action,
            "operatingAccount": account,
            "productDestinationId": action,
        }
        if settings.login_account_id:
            login = {"accountType": settings.account_type, "accountId": settings.login_account_id}
            made["loginAccount"] = login
        return made
