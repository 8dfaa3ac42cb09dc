"""A spool file keeps order, survives crashes, has one owner, and returns only what was put in."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.queue.append_batch import AppendBatch
from gateway.spool.file import (
    PORTION_BYTES,
    PORTION_ROWS,
    PORTION_WEIGHT,
    Portion,
    SpoolDamaged,
    SpoolFile,
    SpoolTaken,
)
from gateway.spool.row import Row
from tests.support.events import decide, decisions, make_event

ROOT = Path(__file__).parents[2]


def row(number: int, size: int = 100) -> Row:
    event = make_event(number, pad="p" * size, timestamp=1_795_219_200 + number)
    decision = replace(decide(event, send=["ads"]), received_at=1_795_219_200.5)
    return Row.of(AppendBatch([decision]))


def read_all(file: SpoolFile) -> Iterator[Portion]:
    """The portions of `file`, read and removed as the feeder does."""
    while (portion := file.read()) is not None:
        yield portion
        file.remove(portion)


def fed(file: SpoolFile) -> list[bytes]:
    """The payloads in `file`, read and removed as the feeder does."""
    batches = [batch for portion in read_all(file) for batch in portion.batches]
    return [payload for batch in batches for payload in batch.payloads]


def payloads(rows: list[Row]) -> list[bytes]:
    return [payload for each in rows for payload in each.batch().payloads]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SpoolFile]:
    made = SpoolFile.create(tmp_path)
    yield made
    made.close()


class TestRow:
    @given(
        st.lists(
            st.tuples(
                st.text(max_size=20),
                st.lists(st.sampled_from("abc"), unique=True),
            ),
            max_size=5,
        )
    )
    def test_what_comes_out_is_what_went_in(self, events: list[tuple[str, list[str]]]) -> None:
        made = [
            decide(make_event(number, note=note), send, {"a", "b", "c"} - set(send))
            for number, (note, send) in enumerate(events)
        ]
        before = AppendBatch(made)
        written = Row.of(before)
        after = written.batch()
        assert written.events == len(events)
        for name in AppendBatch.__slots__:
            assert getattr(after, name) == getattr(before, name), name

    def test_of_an_event_that_nobody_gets_only_counts_are_kept(self) -> None:
        secret = decide(make_event(1, secret="hidden"), withhold=["ads", "books"])
        batch = AppendBatch([secret])
        written = Row.of(batch)
        assert b"hidden" not in written.data
        assert written.batch().withheld == batch.withheld
        assert {name: told.total() for name, told in batch.withheld.items()} == {
            "ads": 1,
            "books": 1,
        }
        assert written.events == 1


class TestOrder:
    def test_rows_come_out_as_they_went_in_portion_by_portion(self, file: SpoolFile) -> None:
        rows = [row(number) for number in range(PORTION_ROWS * 2 + 10)]
        for first in range(0, len(rows), 100):
            file.put(rows[first : first + 100])
        assert file.events == len(rows)
        portion = file.read()
        assert portion is not None
        assert len(portion.batches) == PORTION_ROWS
        assert fed(file) == payloads(rows)
        assert (file.events, file.bytes) == (0, 0)

    def test_what_was_tried_in_one_commit_is_a_portion_of_its_own(self, file: SpoolFile) -> None:
        batches = [row(number).batch() for number in range(5)]
        for batch in batches[1:3]:
            batch.tried = "process", 7
        file.put([Row.of(batch) for batch in batches])
        found = [(len(portion.batches), portion.commits) for portion in read_all(file)]
        name = file.path.stem
        assert found == [
            (1, [(name, 1)]),
            (2, [(name, 3), ("process", 7)]),
            (2, [(name, 5)]),
        ]

    @pytest.mark.parametrize(
        ("requests", "events", "pad"),
        [(2 * PORTION_ROWS + 3, 1, 10), (7, PORTION_WEIGHT // 2, 10), (7, 1, PORTION_BYTES // 2)],
        ids=["rows", "entries", "bytes"],
    )
    def test_what_was_tried_in_one_commit_is_fed_in_portions_that_all_name_it(
        self, file: SpoolFile, requests: int, events: int, pad: int
    ) -> None:
        made = [decide(make_event(n, pad="p" * pad), ["ads"]) for n in range(events)]
        batches = [AppendBatch(made) for _ in range(requests)]
        for batch in batches:
            batch.tried = "process", 7
        file.put([Row.of(batch) for batch in batches])
        file.put([row(1)])
        *portions, last = read_all(file)
        assert len(portions) > 2
        assert sum(portion.events for portion in portions) == requests * events
        for portion in portions:
            assert portion.commits == [(file.path.stem, portion.last), ("process", 7)]
        assert last.commits == [(file.path.stem, requests + 1)]

    def test_a_portion_is_read_again_until_it_is_removed(self, file: SpoolFile) -> None:
        file.put([row(1)])
        for _ in range(2):
            portion = file.read()
            assert portion is not None
            assert portion.batches[0].payloads == payloads([row(1)])

    def test_a_portion_is_bounded_by_the_entries_that_it_makes(self, file: SpoolFile) -> None:
        many = Row.of(AppendBatch(decisions(PORTION_WEIGHT // 2, send=["ads"])))
        file.put([many] * 5)
        portion = file.read()
        assert portion is not None
        assert portion.events == PORTION_WEIGHT


class TestRestart:
    def test_the_next_one_finds_what_was_not_fed(self, tmp_path: Path) -> None:
        rows = [row(number) for number in range(PORTION_ROWS + 5)]
        first = SpoolFile.create(tmp_path)
        first.put(rows)
        portion = first.read()
        assert portion is not None
        first.remove(portion)
        first.close()
        second = SpoolFile(first.path)
        assert second.events == 5
        assert second.bytes == sum(len(each.data) for each in rows[PORTION_ROWS:])
        assert fed(second) == payloads(rows[PORTION_ROWS:])
        second.discard()
        assert list(tmp_path.iterdir()) == []

    def test_after_sigkill_too(self, tmp_path: Path) -> None:
        program = """
import os, signal, sys
from pathlib import Path
from gateway.spool.file import SpoolFile
from gateway.spool.row import Row
file = SpoolFile.create(Path(sys.argv[1]))
for number in range(20):
    file.put([Row(1, b'{"sent": {"ads": [1]}, "withheld": {}}\\n%d' % number)])
os.kill(os.getpid(), signal.SIGKILL)
"""
        ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
        assert ended.returncode == -signal.SIGKILL
        (path,) = tmp_path.glob("*.sqlite")
        file = SpoolFile(path)
        assert fed(file) == [b"%d" % number for number in range(20)]
        file.discard()

    def test_a_portion_that_was_begun_is_the_same_one_later(self, file: SpoolFile) -> None:
        """Redis may have taken it, and recognises a portion by its last row."""
        rows = [row(number) for number in range(20)]
        file.put(rows[:5])
        begun = file.read()
        assert begun is not None
        file.begin(begun)
        file.put(rows[5:])
        assert (file.read() or begun).commits == begun.commits
        file.close()
        next_process = SpoolFile(file.path)
        same = next_process.read()
        assert same is not None
        assert same.commits == begun.commits
        assert [each.payloads for each in same.batches] == [[each] for each in payloads(rows[:5])]
        next_process.remove(same)
        assert fed(next_process) == payloads(rows[5:])
        next_process.discard()

    def test_one_that_was_begun_and_taken_out_is_not_looked_for(self, file: SpoolFile) -> None:
        rows = [row(number) for number in range(20)]
        file.put(rows[:5])
        portion = file.read()
        assert portion is not None
        file.begin(portion)
        file.remove(portion)
        file.put(rows[5:])
        file.close()
        next_process = SpoolFile(file.path)
        assert fed(next_process) == payloads(rows[5:])
        next_process.discard()


class TestOwner:
    def test_a_file_belongs_to_one_at_a_time(self, file: SpoolFile) -> None:
        file.put([row(1)])
        with pytest.raises(SpoolTaken):
            SpoolFile(file.path)
        assert file.events == 1
        file.close()
        other = SpoolFile(file.path)
        assert other.events == 1
        other.close()

    def test_another_process_is_kept_out_too(self, file: SpoolFile) -> None:
        program = (
            "import sys; from pathlib import Path; from gateway.spool.file import *\n"
            "try: SpoolFile(Path(sys.argv[1]))\n"
            "except SpoolTaken: sys.exit(7)"
        )
        command = [sys.executable, "-c", program, str(file.path)]
        assert subprocess.run(command, cwd=ROOT).returncode == 7

    def test_a_file_that_has_gone_is_not_made_again(self, file: SpoolFile, tmp_path: Path) -> None:
        file.discard()
        with pytest.raises(SpoolTaken):
            SpoolFile(file.path)
        assert list(tmp_path.iterdir()) == []


ROWS = [row(number, size=50 * number) for number in range(40)]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a closed file that holds `ROWS`."""
    file = SpoolFile.create(tmp_path_factory.mktemp("content"))
    file.put(ROWS)
    file.close()
    return file.path.read_bytes()


class TestDamage:
    @given(
        places=st.lists(st.floats(0, 0.9999), min_size=1, max_size=20),
        values=st.binary(min_size=20, max_size=20),
        length=st.floats(0, 1) | st.just(1.0),
    )
    @example(places=[0.2476162684463401], values=b")" + bytes(19), length=1.0)  # once hit a row id
    def test_whatever_happens_to_it_only_what_was_put_comes_out(
        self, content: bytes, places: list[float], values: bytes, length: float
    ) -> None:
        damaged = bytearray(content)
        for place, value in zip(places, values, strict=False):
            damaged[int(place * len(content))] = value
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "spool-1-a.sqlite"
            path.write_bytes(damaged[: int(length * len(content))])
            out: list[bytes] = []
            try:
                file = SpoolFile(path)
                try:
                    out = fed(file)
                    file.discard()
                except SpoolDamaged:
                    file.set_aside()
            except SpoolDamaged:
                pass
            assert set(out) <= set(payloads(ROWS))
            assert len(out) == len(set(out))
            assert not path.exists()
            was_emptied = int(length * len(content)) == 0
            if len(out) < len(ROWS) and not was_emptied:
                assert path.with_suffix(".damaged").exists()

    def test_a_schema_that_is_no_text(self, content: bytes, tmp_path: Path) -> None:
        """SQLite's message about it cannot be decoded either."""
        begin = content.index(b"CREATE TABLE")
        for place in range(begin, content.index(b")", begin)):
            path = tmp_path / "spool-1-a.sqlite"
            path.write_bytes(content[:place] + b"\x80" + content[place + 1 :])
            with suppress(SpoolDamaged):
                file = SpoolFile(path)
                assert set(fed(file)) <= set(payloads(ROWS))
                file.discard()
            for left in tmp_path.iterdir():
                left.unlink()

    def test_one_damaged_row_does_not_stop_the_others(self, content: bytes, tmp_path: Path) -> None:
        path = tmp_path / "spool-1-a.sqlite"
        place = content.index(b"event-30") + len("event-")
        path.write_bytes(content[:place] + b"4" + content[place + 1 :])
        file = SpoolFile(path)
        assert fed(file) == payloads(ROWS[:30] + ROWS[31:])
        file.discard()
        kept = path.with_suffix(".damaged")
        assert [each.name for each in tmp_path.iterdir()] == [kept.name]

    def test_what_is_no_database_is_set_aside_and_not_deleted(self, tmp_path: Path) -> None:
        path = tmp_path / "spool-1-a.sqlite"
        path.write_bytes(b"no database" * 1000)
        with pytest.raises(SpoolDamaged):
            SpoolFile(path)
        assert path.with_suffix(".damaged").read_bytes() == b"no database" * 1000
        assert len(list(tmp_path.iterdir())) == 1
