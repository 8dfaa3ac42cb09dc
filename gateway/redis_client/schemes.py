"""What kind of server a URL names: apart from `gateway.redis_client.connect`, since to read
a configuration takes no redis-py."""


def names_cluster(url: str) -> bool:
    """Whether `url` is that of a cluster."""
    return url.startswith(("cluster://", "clusters://"))
