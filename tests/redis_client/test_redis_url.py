"""Redis URLs: what they name, how long each kind of connection waits, and which are invalid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from redis.asyncio.connection import SSLConnection as AsyncSSLConnection
from redis.connection import SSLConnection

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.redis_client.connect import (
    check_url,
    connect_for_intake,
    connect_for_jobs,
    connect_for_work,
)

CONNECT = [connect_for_intake, connect_for_work, connect_for_jobs]
SENTINELS = "sentinel://me:p%40ss%2C%2F@one,two:26380,[::1]:26381/my%20master"


def kwargs(client: Any) -> dict[str, Any]:
    return dict(client.connection_pool.connection_kwargs)


def sentinels(client: Any) -> list[dict[str, Any]]:
    return [kwargs(sentinel) for sentinel in client.connection_pool.sentinel_manager.sentinels]


@pytest.mark.parametrize("connect", CONNECT)
class TestReading:
    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("redis://shop", {"host": "shop"}),
            ("redis://me:p%40ss@shop:6390/3", {"username": "me", "password": "p@ss", "port": 6390}),
            ("redis://:secret@shop", {"password": "secret"}),
            ("unix:///run/a%20b.sock?db=2", {"path": "/run/a b.sock", "db": 2}),
            ("rediss://shop?ssl_ca_certs=/ca.pem", {"host": "shop", "ssl_ca_certs": "/ca.pem"}),
            ("redis://shop?socket_timeout=0.5", {"socket_timeout": 0.5}),
        ],
    )
    def test_a_server(self, connect: Any, url: str, expected: dict[str, Any]) -> None:
        assert kwargs(connect(url)).items() >= expected.items()

    def test_sentinels(self, connect: Any) -> None:
        client = connect(SENTINELS + "?db=3&sentinel_username=guard&sentinel_password=s%3Fcret")
        expected = {"username": "me", "password": "p@ss,/", "db": 3}
        assert kwargs(client).items() >= expected.items()
        assert client.connection_pool.service_name == "my master"
        asked = sentinels(client)
        assert [(each["host"], each["port"]) for each in asked] == [
            ("one", 26379),
            ("two", 26380),
            ("::1", 26381),
        ]
        assert {(each["username"], each["password"]) for each in asked} == {("guard", "s?cret")}

    def test_sentinels_get_no_password_that_is_not_theirs(self, connect: Any) -> None:
        assert {each["password"] for each in sentinels(connect(SENTINELS))} == {None}

    def test_sentinels_over_tls(self, connect: Any) -> None:
        client = connect("sentinels://one/mymaster?ssl_ca_certs=/ca.pem")
        (asked,) = client.connection_pool.sentinel_manager.sentinels
        for pool in (client.connection_pool, asked.connection_pool):
            assert issubclass(pool.connection_class, SSLConnection | AsyncSSLConnection)
            assert pool.connection_kwargs["ssl_ca_certs"] == "/ca.pem"


@pytest.mark.parametrize("url", ["redis://one", "rediss://one", "unix:///one", "sentinel://one/m"])
@pytest.mark.parametrize(
    ("connect", "answer", "connection", "health_check", "more_tries"),
    [
        (connect_for_intake, 3, 1, 0, 0),
        (connect_for_work, 10, 2, 15, 15),
        (connect_for_jobs, 10, 2, 15, 5),
    ],
)
def test_patience_is_the_same_for_every_kind_of_url(
    url: str, connect: Any, answer: int, connection: int, health_check: int, more_tries: int
) -> None:
    client = connect(url)
    made = client.connection_pool.connection_class(**kwargs(client))
    assert (made.socket_timeout, made.socket_connect_timeout) == (answer, connection)
    assert made.health_check_interval == health_check
    assert made.retry.get_retries() == more_tries
    assert kwargs(client)["protocol"] == 2


@pytest.mark.parametrize("connect", CONNECT)
def test_a_sentinel_is_asked_once_and_not_for_long(connect: Any) -> None:
    for asked in sentinels(connect(SENTINELS)):
        assert (asked["socket_timeout"], asked["socket_connect_timeout"]) == (1, 1)
        assert asked["retry"].get_retries() == 0


MISTAKES = [
    ("redis://:s3cr3t/x@shop", "cannot be read"),
    ("redis://:s3cr3t@shop:65536", "cannot be read"),
    ("redis://:s3cr3t@shop?db=s3cr3t", "cannot be read"),
    ("redis://:a?s3cr3t=1@shop", "option"),
    ("redis://shop?ssl_ca_certs=/s3cr3t", "option"),  # TLS is rediss://
    ("rediss://shop?ssl_cert_reqs=s3cr3t", "cannot be read"),
    ("sentinel://me:s3cr3t@one:26379", "master"),
    ("sentinel://me:s3cr3t@one/", "master"),
    ("sentinel://me:s3/cr3t@one/mymaster", "master"),
    ("sentinel://me:s3cr3t@/mymaster", "hosts"),
    ("sentinel://me:s3cr3t@one,,two/mymaster", "hosts"),
    ("sentinel://me:s3cr3t@one:s3cr3t/mymaster", "cannot be read"),
    ("sentinel://me@one/mymaster?s3cr3t=1", "option"),
    ("cluster://me:s3cr3t@one/0", "cannot name a database"),
    ("cluster://me:s3cr3t@one?db=0", "cannot name a database"),
    ("cluster://me:s3cr3t@one,,two", "needs the hosts of the nodes"),
    ("cluster://me:s3cr3t@one:s3cr3t", "cannot be read"),
    ("cluster://me@one?s3cr3t=1", "option"),
]


@pytest.mark.parametrize(("url", "words"), MISTAKES)
def test_a_mistake_is_told_without_the_url(url: str, words: str) -> None:
    redis = f"redis: {{url: '{url}', jobs_url: 'redis://jobs'}}"
    with pytest.raises(ConfigurationError, match=words) as error:
        parse_settings(f"{redis}\nsources: {{}}\ndestinations: {{}}\n")
    assert "redis.url" in str(error.value)
    assert not any(part in str(error.value) for part in ("s3cr3t", "s3", "cr3t"))


SCHEMES = ["redis", "rediss", "unix", "sentinel", "sentinels", "cluster", "clusters", "http", ""]


@given(
    st.sampled_from(SCHEMES),
    st.text(alphabet=st.sampled_from("ab1:@/?&=,[]%#\\ é\0"), max_size=30),
)
@example("sentinel", "[::1/m")
@example("redis", "[::1")
def test_any_text_is_a_url_or_a_value_error(scheme: str, rest: str) -> None:
    message = ""
    try:
        check_url(f"{scheme}://{rest}")
    except ValueError as error:
        message = str(error)
    words = (
        "cannot be read: ",
        "cannot name a database",
        "has an option ",
        "needs the ",
        "should ",
    )
    assert not message or message.startswith(words)
