"""The kind of server that a URL names. Apart from `gateway.redis_client.connect`, because reading a
configuration must not import redis-py."""


def names_cluster(url: str) -> bool:
    """Whether `url` names a cluster."""
    return url.startswith(("cluster://", "clusters://"))
