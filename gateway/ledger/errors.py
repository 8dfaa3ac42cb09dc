"""The errors of a ledger."""


class LedgerError(Exception):
    """The ledger cannot be used; the text says why, and what to do."""


class LedgerTaken(LedgerError):
    """Another process writes to the ledger."""


class RefusedValue(ValueError):
    """A value of a record can never be stored; the text says why, without the value."""
