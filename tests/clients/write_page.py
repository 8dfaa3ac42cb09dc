"""Writes the part of docs/clients.md about the SDKs that the tests run: `make reference`."""

from tests.clients.sdks import page
from tests.support.documents import DOCS
from tests.support.write_reference import with_tables

DOCUMENT = DOCS / "clients.md"

if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), page()))
