"""The ticket by which Google is polled for verdicts."""

from typing import NamedTuple, Self


class Ticket(NamedTuple):
    """request_id: Google's name for the request. reference: the destination that the events name in
    the request; "" if they name none."""

    request_id: str
    reference: str

    @classmethod
    def read(cls, written: str) -> Self:
        request_id, _, reference = written.rpartition(" ")
        return cls(request_id, reference) if request_id else cls(written, "")

    @property
    def written(self) -> str:
        return f"{self.request_id} {self.reference}" if self.reference else self.request_id
