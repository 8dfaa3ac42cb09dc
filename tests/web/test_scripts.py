import gzip

from starlette.applications import Starlette
from starlette.testclient import TestClient

from gateway.web.scripts import read_script, script_route


def test_the_snippet_is_smaller_than_5_kib_as_it_is_served() -> None:
    client = TestClient(Starlette(routes=[script_route("gateway.js")]))
    with client.stream("GET", "/gateway.js", headers={"accept-encoding": "gzip"}) as answer:
        wire = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert len(wire) < 5120
    assert gzip.decompress(wire).decode() == read_script("gateway.js")


def test_comments_for_readers_of_the_code_are_not_served() -> None:
    script = read_script("gateway.js")
    assert not [line for line in script.splitlines() if line.lstrip().startswith("//")]
    assert script.startswith("(() => {\n")
