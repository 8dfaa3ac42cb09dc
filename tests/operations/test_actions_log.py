"""An operator's action is logged with who did what, but without the id of any person."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from gateway.configuration.settings import Settings
from gateway.ledger.operator_log import OperatorLog
from gateway.operations.actions_log import Action

EMAIL = "anna@shop.example"
Make = Callable[..., Action]


def test_the_line_of_an_action_in_a_console(anna: Make, settings: Settings) -> None:
    action = anna(
        "dead-letters replay",
        destinations=["ads"],
        event_id="event-7",
        changes=[f"user_data.x={EMAIL}", "value=1"],
        rate=50,
        anyway=False,
        reason=None,
    )
    action.note_events(3)
    text = OperatorLog.of(settings).path.read_text()
    line = orjson.loads(text)
    assert (line["user"], line["command"]) == ("console:anna", "dead-letters replay")
    assert line["counts"] == {"events": 3}
    told = line["arguments"]
    assert list(told) == ["destinations", "event_id", "changes", "rate"]
    assert (told["destinations"], told["rate"]) == (["ads"], 50)
    assert len(told["changes"].split()) == 2
    assert EMAIL not in text
    assert "event-7" not in text


def test_a_log_that_cannot_be_written_is_told_to_who_did_it(anna: Make, settings: Settings) -> None:
    OperatorLog.of(settings).path.mkdir(parents=True)
    warnings: list[str] = []
    anna("erase", warn=warnings.append).note({"quarantine": 1})
    assert warnings == ["The log of operators' actions cannot be written: Is a directory."]
