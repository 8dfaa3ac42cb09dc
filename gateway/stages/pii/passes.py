"""Passes over a text, repeated until one changes nothing.

One removal can uncover another: digits at the end of a longer number stand alone once the rest is
replaced by a mark. Repeating makes the result final: cleaning it again changes nothing. Nearly
every text needs one pass that removes and one that finds nothing more. In a few, such as rows of
phone and card numbers with spaces between them, each pass uncovers only the next number. The number
of passes is limited, so that the time stays linear in the length of the text. A text that still
changes in the last pass is removed as a whole.
"""

from collections.abc import Callable

from gateway.stages.pii.matching import to_bytes

Remover = Callable[[str], str]
"""Returns a text without what must not be stored: the same object if there is nothing."""

MAX_PASSES = 4


def repeated(remove: Remover, find: Callable[[bytes], object], whole: str) -> Remover:
    """`remove`, repeated until it changes nothing; `whole` if the last of `MAX_PASSES` still does.

    find: returns None for a text, in UTF-8, that `remove` cannot change. `remove` must leave
    `whole` unchanged. The function returned here then leaves its own results unchanged.
    """

    def remove_all(text: str) -> str:
        for _ in range(MAX_PASSES):
            if find(to_bytes(text)) is None:
                return text
            before, text = text, remove(text)
            if text == before:
                return before
        return whole

    return remove_all
