"""`ga4`: the browser protocol of Google's gtag.js (version 2)."""

from typing import Literal

from pydantic import Field

from gateway.sources.answers import NO_CONTENT, report
from gateway.sources.base import (
    Answer,
    Batch,
    Inbound,
    Refused,
    Source,
    SourceSettings,
    check_count,
    check_shared,
    read_events,
)
from gateway.sources.description import (
    ACCEPTED,
    JSON,
    NONE_ACCEPTED,
    REFUSAL,
    AnswerDescription,
    Operation,
    required_parameter,
)
from gateway.sources.description import query_fields as query_parameter
from gateway.sources.form import query_fields
from gateway.sources.ga4.hit import Hit, to_event
from gateway.sources.lenient_json import mend_text
from gateway.sources.statements import as_values, is_statement, last_or_all, several


class GA4Settings(SourceSettings):
    type: Literal["ga4"] = Field(
        description="Hits of Google's gtag.js, in the format that GA4 receives."
    )
    measurement_ids: list[str] | None = Field(
        default=None,
        description="Measurement IDs (`tid`, such as `G-ABC123`) to accept. Default: all.",
    )


_OTHER_ID = AnswerDescription(
    "Hits of this measurement id are not accepted.",
    {JSON: REFUSAL},
    {"unauthorized": "The measurement id is not in `measurement_ids`."},
)


class GA4(Source[GA4Settings]):
    """One event in the query, or one in each line of the body, all with the query's parameters.

    Parameters of a line override those of the query; statements about consent in both count.
    Answers 204, as Google does; 400 with a report if no event of the hit was accepted.
    """

    type = "ga4"
    methods = ("GET", "POST")
    paths = ("/g/collect",)
    from_browsers = True
    reads_query = True
    Settings = GA4Settings

    def describe(self, method: str) -> Operation:
        restricted = self.settings.measurement_ids is not None
        return Operation(
            text="A hit of gtag.js: one event in the query, or one in each line of the body, with "
            "the parameters of the query.",
            documentation="https://developers.google.com/tag-platform/tag-manager/server-side/"
            "send-data",
            parameters=[
                required_parameter("v", "Version of the protocol, always 2.", "2"),
                required_parameter("tid", "Measurement id.", "G-ABC123"),
                query_parameter("Further parameters, such as `en`, the name of the event."),
            ],
            body={"text/plain": {"type": "string"}} if method == "POST" else {},
            answers={
                "204": ACCEPTED,
                "400": NONE_ACCEPTED,
                **({"403": _OTHER_ID} if restricted else {}),
            },
        )

    def read(self, request: Inbound) -> Batch:
        shared = _parameters(request.query)
        if shared.get("v") != "2" or "tid" not in shared:
            raise Refused(400, "malformed", "not a GA4 hit: v=2 and tid are missing in the query")
        allowed = self.settings.measurement_ids
        if allowed is not None and shared["tid"] not in allowed:
            raise Refused(
                403,
                "unauthorized",
                "hits of this measurement id are not accepted; add it to `measurement_ids` of the "
                "source",
            )
        return read_events(_hits(shared, request.body), to_event, own_properties=True)

    def answer(self, batch: Batch) -> Answer:
        if batch.refused and not batch.events:
            return Answer.json(400, report(batch))
        return NO_CONTENT


def _hits(shared: Hit, body: bytes) -> list[Hit]:
    """The parameters of each event, from the query and from its line. Raises `Refused` if there are
    too many."""
    text = mend_text(body)
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    if not lines:
        return [shared]
    check_count(lines)
    check_shared(shared, lines)
    return [_with_line(shared, _parameters(line)) for line in lines]


def _with_line(shared: Hit, line: Hit) -> Hit:
    both = {
        name: several([*as_values(shared[name]), *as_values(line[name])])
        for name in shared.keys() & line.keys()
        if _counts_always(name)
    }
    return {**shared, **line, **both, "tid": shared["tid"]}


def _parameters(query: str) -> Hit:
    return last_or_all(query_fields(query), _counts_always)


def _counts_always(name: str) -> bool:
    """Whether every value of a repeated parameter counts. ``_uip`` may ask for privacy."""
    return name == "_uip" or is_statement(name)
