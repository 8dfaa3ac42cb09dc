"""What Mixpanel's answers mean for each event of a request.

Source: docs.mixpanel.com/troubleshooting/errors
"""

import json
from typing import Any

from gateway.plugins import DELIVERED, Outcome, Request, Response, by_status, vendor_words


def outcomes(request: Request, response: Response) -> list[Outcome]:
    """One outcome for each event of `request`."""
    answer = _json_object(response.body)
    failed = _failed(answer, len(request.events)) if response.status == 400 else {}
    if failed:
        return [failed.get(place, DELIVERED) for place in range(len(request.events))]
    error = answer.get("error")
    words = vendor_words(error if isinstance(error, str) else response.body)
    return by_status(request, response, words)


def _failed(answer: dict[str, Any], count: int) -> dict[int, Outcome]:
    """The outcomes of the events that Mixpanel names as failed, by their place in the request.

    It takes the others, and says how many. None where the numbers do not agree, since it is not
    known then which events were taken.
    """
    records, imported = answer.get("failed_records"), answer.get("num_records_imported")
    failed: dict[int, Outcome] = {}
    for record in records if isinstance(records, list) else ():
        place = record.get("index") if isinstance(record, dict) else None
        if type(place) is not int or not 0 <= place < count:
            return {}
        failed[place] = Outcome("rejected", _reason(record))
    return failed if imported == count - len(failed) else {}


def _reason(record: dict[str, Any]) -> str:
    said = vendor_words(f"{record.get('field')}: {record.get('message')}")
    return f"Mixpanel refused the event: {said}"


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
