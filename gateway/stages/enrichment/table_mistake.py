"""The error for a table that a user configured."""


class TableMistake(ValueError):
    """A file or entry that cannot be used; the text says why, and where, without its values."""
