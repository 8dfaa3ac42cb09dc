"""Passes over a text, repeated until one changes nothing.

A removal can uncover another: digits at the end of a longer number stand alone once the rest is a
mark. Repeating makes the result final: it stays as it is when it is cleaned again. Nearly every
text needs one pass that removes and one that finds nothing more. In a few, such as long rows of
phone and card numbers with spaces between them, each pass uncovers only the next number. The number
of passes is bounded, so that the time stays linear in the length of the text. A text that still
changes in the last one is removed as a whole.
"""

from collections.abc import Callable

from gateway.stages.pii.matching import to_bytes

Remover = Callable[[str], str]
"""Answers with a text without what must not be stored: the same object when it holds none."""

MAX_PASSES = 4


def repeated(remove: Remover, find: Callable[[bytes], object], whole: str) -> Remover:
    """`remove`, until it changes nothing; `whole` when the last of `MAX_PASSES` still changes.

    find: something for every text, in UTF-8, that `remove` could change. `remove` must leave
    `whole` as it is. The result of what this returns is then a text that it leaves as it is.
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
