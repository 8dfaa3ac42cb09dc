"""Python's garbage collector in processes that start and fork."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def spare_shared_pages() -> None:
    """To be called before a fork: a page on which the collector leaves marks afterwards is
    copied."""
    gc.collect()
    gc.freeze()


def end_pause() -> None:
    """Starts the collector again if it was disabled; it leaves alone what there is by now."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def paused() -> Iterator[None]:
    """For imports: what they make stays, and the collector would search it again and again."""
    gc.disable()
    try:
        yield
    finally:
        end_pause()
