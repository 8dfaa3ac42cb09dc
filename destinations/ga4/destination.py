"""GA4, by one of three transports.

With two of them, GA4 responds with 2xx to every request (see `answers`), so an event that GA4 would
discard is refused before it is sent. GA4 does not support event ids: a repeated event counts twice,
unless it is a purchase with a transaction_id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property

from destinations.base import Destination, Event, Limits, Outcome, Request, Response, Unsendable
from destinations.ga4 import answers, validation
from destinations.ga4.data_manager import NAMES, DataManager
from destinations.ga4.gtag import Gtag
from destinations.ga4.late import LATEST, MAX_AGE, MAX_AGE_OF_HITS
from destinations.ga4.measurement_protocol import MAX_EVENTS, MeasurementProtocol
from destinations.ga4.params import MAPPED_FIELDS, names_an_order
from destinations.ga4.person import (
    DATA_MANAGER,
    MEASUREMENT_PROTOCOL,
    Forms,
    hashers,
    personal_data,
)
from destinations.ga4.settings import GA4Settings
from destinations.google_data_manager import answers as data_manager_answers
from destinations.google_data_manager import api
from destinations.google_data_manager.verdicts import verdicts
from destinations.hashed_forms import PersonalData
from destinations.mapping import Hasher, MappingSettings

LINGER = timedelta(milliseconds=200)
"""At 200 events a second, an event costs 440 µs of CPU if it is read alone, 165 µs if the events of
200 ms are read together, and the same with 500 ms. There are a fifth fewer requests, because more
of them carry several events of one visitor."""


class GA4(Destination[GA4Settings]):
    """Events of a web or an app stream.

    An anonymous event goes to a web stream with a client id that is used only once, and with its
    consent denied. By the Measurement Protocol and by Data Manager GA4 counts a user for each; the
    parameter ``anonymised`` distinguishes them in reports. An app stream does not accept them: GA4
    requires known app instances.
    """

    type = "ga4"
    title = "Google Analytics 4"
    test_mode = (
        "An event with `debug_mode: true` is shown in DebugView; GA4 still counts it. With "
        "`validate_share`, a share of the requests is also sent to Google's validation server, "
        "which counts nothing. With `transport: data_manager` and `validate_only: true`, Google "
        "only checks the events."
    )
    limits = Limits(max_events=MAX_EVENTS, max_age=MAX_AGE, linger=LINGER)
    consent = ("analytics_storage",)
    anonymous = True
    purpose = "analytics"
    allow_private_addresses = True
    integration_names = (
        "Google Analytics",
        "Google Analytics 4",
        "Google Analytics 4 (GA4)",
        "Google Analytics 4 Cloud",
        "Google Analytics 4 Web",
        "Google Analytics 4 V2",
        "Google Analytics 4 (GA4) V2",
        "GA4_V2",
        "Actions Google Analytics 4",
        "Actions Google Analytic 4",
    )
    built_in_mapping = MappingSettings(other_events="custom")
    mapped_fields = MAPPED_FIELDS
    Settings = GA4Settings

    def __init__(self, settings: GA4Settings) -> None:
        super().__init__(settings)
        self._is_gtag = settings.transport == "gtag"
        if self._is_gtag:
            self.limits = Limits(max_events=1, max_age=MAX_AGE_OF_HITS)
            self.sends_once = True
        if settings.transport == "data_manager":
            self.limits = Limits(
                max_events=api.MAX_EVENTS,
                max_age=MAX_AGE,
                linger=api.LINGER,
                poll_every=api.POLL_EVERY,
                requests_per_day=api.REQUESTS_PER_DAY,
            )
        if self._data_manager:
            self.quota = self._data_manager.api.quota
        if settings.too_old != "expire":
            self.limits = replace(self.limits, max_age=LATEST)

    @cached_property
    def _transport(self) -> MeasurementProtocol | Gtag | DataManager:
        if self._data_manager:
            return self._data_manager
        made = Gtag if self._is_gtag else MeasurementProtocol
        return made(self.settings, self.mapper)

    @cached_property
    def _data_manager(self) -> DataManager | None:
        is_used = self.settings.transport == "data_manager"
        return DataManager(self.settings, self.mapper) if is_used else None

    def requests(self, events: Sequence[Event], now: float) -> Iterator[Request | Unsendable]:
        return self._transport.requests(events, now)

    def unsendable(self, event: Event) -> str:
        return self._transport.problem(event)

    def outcomes(self, request: Request, response: Response) -> Iterable[Outcome]:
        if self._data_manager:
            return data_manager_answers.outcomes(request, response, NAMES)
        return answers.outcomes(request, response)

    def poll(self, ticket: str) -> Request | None:
        return self._data_manager.api.status(ticket) if self._data_manager else None

    def verdicts(self, ticket: str, events: int, response: Response) -> Iterable[Outcome | None]:
        return verdicts("", events, response) if self._data_manager else [None] * events

    def check(self, request: Request) -> Request | None:
        return validation.check(request, self.settings.validate_share)

    def check_warnings(self, response: Response) -> Iterable[str]:
        return validation.warnings(response)

    @classmethod
    def hashers(cls, settings: GA4Settings) -> Mapping[str, Hasher]:
        return hashers(settings.phone_region, _forms(settings))

    @classmethod
    def personal_data(cls, settings: GA4Settings) -> PersonalData:
        if settings.transport == "gtag":
            return PersonalData()
        return personal_data(settings.phone_region, _forms(settings))

    @classmethod
    def takes_anonymous(cls, settings: GA4Settings) -> bool:
        return settings.measurement_id is not None

    def recognises(self, event: Event, age: float) -> bool:
        """GA4 has no event ids. It counts only a purchase once, by its transaction."""
        return not self._is_gtag and names_an_order(event, self.mapper)


def _forms(settings: GA4Settings) -> Forms:
    return DATA_MANAGER if settings.transport == "data_manager" else MEASUREMENT_PROTOCOL
