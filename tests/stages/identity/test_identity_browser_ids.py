"""Browser ids that advertising platforms keep in cookies."""

from typing import Any

import pytest

from tests.stages.identity.conftest import GRANTED

FIELDS = ("_rdt_uuid", "_uetvid", "obref")


def found(done: Any) -> dict[str, str]:
    return {name: done.event[name] for name in FIELDS if name in done.event}


@pytest.mark.parametrize(
    ("jar", "ids"),
    [
        (
            "_uetvid=6f1c2d3e4b5a69788796a5b4c3d2e1f0",
            {"_uetvid": "6f1c2d3e4b5a69788796a5b4c3d2e1f0"},
        ),
        ("_uetvid=6f1c2d3e|1kx2|1763683200|1|1|bat.bing.com", {"_uetvid": "6f1c2d3e"}),
        ("uet_vid=stape-1", {"_uetvid": "stape-1"}),
        ("uet_vid=stape-1; _uetvid=own-1", {"_uetvid": "own-1"}),
        ("_rdt_uuid=1700000000000.9f-1", {"_rdt_uuid": "1700000000000.9f-1"}),
        ("_uetvid=%3Cscript%3E; _rdt_uuid=" + "x" * 513, {}),
        ("__obref=123e4567-e89b", {"obref": "123e4567-e89b"}),
        ("_uetsid=x", {}),
    ],
)
def test_each_id_is_a_field_with_the_name_of_its_cookie(
    identify: Any, jar: str, ids: dict[str, str]
) -> None:
    assert found(identify(jar)) == ids


def test_the_event_s_own_field_stays(identify: Any) -> None:
    assert found(identify("_uetvid=cookie", {"_uetvid": "own"})) == {"_uetvid": "own"}


def test_none_is_read_without_consent(identify: Any) -> None:
    denied = {**GRANTED, "ad_storage": "denied"}
    assert found(identify("_uetvid=cookie; _rdt_uuid=r", {"consent": denied})) == {}
