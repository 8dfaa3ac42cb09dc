"""Fields of a ``multipart/form-data`` body, as `FormData` beacons send them (RFC 7578)."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.sources.base import Refused
from gateway.sources.form import Fields, is_present
from gateway.sources.lenient_json import mend_text

MAX_FIELDS = 10_000
"""Fields in one body."""

MAX_CONTENT_TYPE = 1_024
"""Characters of the header. A boundary has at most 70 (RFC 2046, 5.1.1), and to read 64 KB of
parameters takes 80 ms."""


def multipart_fields(body: bytes, content_type: str) -> Fields:
    """The fields in `body`; the value of a file field is the content of the file.

    NULs and bytes that are not UTF-8 become U+FFFD. Raises `Refused` if the body is incomplete or
    not in this format, or if `content_type` is too long.
    """
    if len(content_type) > MAX_CONTENT_TYPE:
        raise Refused(400, "malformed", "the Content-Type of the body is too long")
    try:
        boundary = parse_options_header(content_type)[1][b"boundary"]
        collector = _Collector()
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collector.begin,
                "on_header_field": collector.header_name,
                "on_header_value": collector.header_value,
                "on_header_end": collector.header_end,
                "on_part_data": collector.data,
                "on_part_end": collector.end,
                "on_end": collector.finish,
            },
        )
        parser.write(body)
    except (ValueError, KeyError):
        raise Refused(400, "malformed", "the body is not multipart/form-data") from None
    if not collector.finished:
        raise Refused(400, "malformed", "the multipart/form-data body is incomplete")
    return [(name, value) for name, value in collector.fields if is_present(name, value)]


class _Collector:
    """Collects the fields from the parser's callbacks."""

    def __init__(self) -> None:
        self.fields: Fields = []
        self.finished = False
        self.begin()

    def begin(self) -> None:
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._data = bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end(self) -> None:
        if len(self.fields) == MAX_FIELDS:
            raise FormParserError("too many fields")
        disposition = parse_options_header(self._headers[b"content-disposition"])[1]
        self.fields.append((mend_text(disposition[b"name"]), mend_text(self._data)))

    def finish(self) -> None:
        self.finished = True
