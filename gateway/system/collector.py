"""Python's garbage collector in processes that start and fork."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def spare_shared_pages() -> None:
    """Hides all objects from the collector. Call it before a fork: memory pages on which the
    collector leaves marks afterwards are copied."""
    gc.collect()
    gc.freeze()


def end_pause() -> None:
    """Enables the collector again if it was disabled, and hides all existing objects from it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def paused() -> Iterator[None]:
    """Disables the collector during imports: the objects that they make stay, and the collector
    would search them again and again."""
    gc.disable()
    try:
        yield
    finally:
        end_pause()
