"""The spool folder is bounded, is shared by processes, and refuses events on a full disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.spool.file import Portion, SpoolError, SpoolFile, SpoolFull
from gateway.spool.folder import TRY_AGAIN_SECONDS, SpoolFolder
from gateway.spool.row import Row

ROOT = Path(__file__).parents[2]


def row(text: str, size: int = 0) -> Row:
    return Row(1, b'{"sent": {"ads": [1]}, "withheld": {}}\n' + text.encode().ljust(size, b"."))


def take(folder: SpoolFolder) -> list[str]:
    """Removes the oldest portion and returns its texts."""
    portion = folder.first()
    if portion is None:
        return []
    folder.remove(portion)
    return [each.payloads[0].decode().rstrip(".") for each in portion.batches]


def take_all(folder: SpoolFolder) -> list[str]:
    taken: list[str] = []
    while more := take(folder):
        taken += more
    return taken


def names(path: Path) -> list[str]:
    return sorted(each.suffix for each in path.iterdir())


def test_nothing_is_on_disk_before_the_first_row_and_after_the_last(tmp_path: Path) -> None:
    folder = SpoolFolder(tmp_path / "spool", 1000)
    folder.adopt()
    assert names(tmp_path / "spool") == []
    folder.put([row("a"), row("b")])
    assert ".sqlite" in names(tmp_path / "spool")
    assert (folder.events, folder.bytes) == (2, 2 * len(row("a").data))
    assert take_all(folder) == ["a", "b"]
    assert names(tmp_path / "spool") == []
    assert (folder.events, folder.bytes) == (0, 0)
    folder.put([row("c")])
    assert take_all(folder) == ["c"]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    SpoolFolder(tmp_path / "spool", 1000).adopt()
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


class TestBound:
    def test_a_full_spool_refuses_and_takes_again_once_there_is_room(self, tmp_path: Path) -> None:
        size = len(row("a").data)
        folder = SpoolFolder(tmp_path, 3 * size)
        folder.put([row("a"), row("b")])
        with pytest.raises(SpoolFull):
            folder.put([row("c"), row("d")])
        folder.put([row("c")])
        with pytest.raises(SpoolFull):
            folder.put([row("d")])
        assert take_all(folder) == ["a", "b", "c"]
        folder.put([row("d")])
        assert take_all(folder) == ["d"]

    @given(
        st.lists(
            st.one_of(
                st.lists(st.integers(1, 400), min_size=1, max_size=4),
                st.sampled_from(["feed", "crash"]),
            ),
            max_size=25,
        )
    )
    @settings(deadline=None, max_examples=25)
    def test_it_is_a_bounded_queue_whatever_happens(self, steps: list[str | list[int]]) -> None:
        """Compared with a list: rows come out once and in order, through any restart."""
        waiting: list[tuple[str, int]] = []
        number = 0
        with tempfile.TemporaryDirectory() as name:
            folder = SpoolFolder(Path(name), 2000)
            for step in steps:
                if step == "crash":
                    folder.close()
                    folder = SpoolFolder(Path(name), 2000)
                    folder.adopt()
                elif step == "feed":
                    taken = take(folder)
                    assert taken == [text for text, _ in waiting[: len(taken)]]
                    assert bool(taken) == bool(waiting)
                    del waiting[: len(taken)]
                else:
                    texts = [f"{number + place}" for place in range(len(step))]
                    rows = [row(*each) for each in zip(texts, step, strict=True)]  # type: ignore[arg-type]
                    sizes = [len(each.data) for each in rows]
                    fits = sum(size for _, size in waiting) + sum(sizes) <= 2000
                    try:
                        folder.put(rows)
                        assert fits
                        waiting += zip(texts, sizes, strict=True)
                    except SpoolFull:
                        assert not fits
                    number += len(step)
                assert folder.events == len(waiting)
                assert folder.bytes == sum(size for _, size in waiting)
            assert take_all(folder) == [text for text, _ in waiting]
            folder.close()


class TestProcesses:
    def test_each_writes_its_own_file_and_feeds_nothing_of_the_living(self, tmp_path: Path) -> None:
        one, other = SpoolFolder(tmp_path, 1000), SpoolFolder(tmp_path, 1000)
        one.put([row("one")])
        other.put([row("other")])
        for folder in (one, other):
            folder.adopt()
            assert folder.events == 1
        assert take_all(one) == ["one"]
        assert take_all(other) == ["other"]

    def test_the_living_take_over_what_the_dead_left_oldest_first(self, tmp_path: Path) -> None:
        for text in ("first", "second"):
            dead = SpoolFolder(tmp_path, 1000)
            dead.put([row(text)])
            dead.close()
        living, late = SpoolFolder(tmp_path, 1000), SpoolFolder(tmp_path, 1000)
        living.put([row("third")])
        living.adopt()
        late.adopt()
        assert (living.events, late.events) == (3, 0)
        assert take_all(living) == ["first", "second", "third"]
        assert names(tmp_path) == []

    def test_what_was_adopted_counts_towards_the_bound(self, tmp_path: Path) -> None:
        dead = SpoolFolder(tmp_path, 1000)
        dead.put([row("a", 300)])
        dead.close()
        living = SpoolFolder(tmp_path, 500)
        living.adopt()
        with pytest.raises(SpoolFull):
            living.put([row("b", 300)])

    def test_a_damaged_file_does_not_stop_the_others(self, tmp_path: Path) -> None:
        (tmp_path / "spool-0-a.sqlite").write_bytes(b"no database" * 1000)
        dead = SpoolFolder(tmp_path, 1000)
        dead.put([row("a")])
        dead.close()
        living = SpoolFolder(tmp_path, 1000)
        living.adopt()
        assert take_all(living) == ["a"]
        assert names(tmp_path) == [".damaged"]

    def test_a_file_that_cannot_be_used_is_tried_again_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        dead = SpoolFolder(tmp_path, 1000)
        dead.put([row("a")])
        dead.close()
        (lock,) = tmp_path.glob("*.lock")
        lock.unlink()
        lock.mkdir()
        folder = SpoolFolder(tmp_path, 1000)
        for _ in range(3):
            folder.adopt()
        assert caplog.text.count("cannot be used") == 1
        lock.rmdir()
        folder.adopt()
        assert folder.events == 0
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + TRY_AGAIN_SECONDS)
        folder.adopt()
        assert take_all(folder) == ["a"]

    def test_files_of_others_are_left_alone(self, tmp_path: Path) -> None:
        theirs = tmp_path / "accounts.sqlite"
        with sqlite3.connect(theirs) as database:
            database.execute("CREATE TABLE account (name TEXT)")
        before = theirs.read_bytes()
        folder = SpoolFolder(tmp_path, 1000)
        folder.adopt()
        assert folder.first() is None
        assert theirs.read_bytes() == before
        assert names(tmp_path) == [".sqlite"]


class TestTroubledDisk:
    def test_a_full_disk_refuses_keeps_and_recovers(self, small_disk: Path) -> None:
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"b" * 100_000)
        folder = SpoolFolder(small_disk / "spool", 100_000_000)
        taken = self.fill(folder)
        assert 10 < len(taken) < 400
        ballast.unlink()
        taken += self.fill(folder, len(taken))
        assert take_all(folder) == taken
        assert names(small_disk / "spool") == []
        assert self.fill(folder)

    def test_what_was_on_a_full_disk_survives_a_crash(self, small_disk: Path) -> None:
        folder = SpoolFolder(small_disk, 100_000_000)
        taken = self.fill(folder)
        folder.close()
        again = SpoolFolder(small_disk, 100_000_000)
        again.adopt()
        assert again.events == len(taken)
        assert take_all(again) == taken
        assert names(small_disk) == []

    def test_nothing_is_fed_twice_while_the_disk_is_full(self, small_disk: Path) -> None:
        """SQLite cannot delete on a full disk; rows that were fed are skipped."""
        folder = SpoolFolder(small_disk, 100_000_000)
        taken = self.fill(folder)
        first = take(folder)
        with pytest.raises(SpoolFull):
            folder.put([row("x", 100_000)])
        assert first + take_all(folder) == taken

    def fill(self, folder: SpoolFolder, first: int = 0) -> list[str]:
        """Puts rows until the disk is full. Returns the texts of those that were accepted."""
        taken: list[str] = []
        while True:
            text = str(first + len(taken))
            try:
                folder.put([row(text, 2000)])
            except SpoolFull:
                return taken
            taken.append(text)

    def test_any_other_error_refuses_too(self, tmp_path: Path) -> None:
        """A limit on the size of files simulates a disk with errors."""
        program = f"""
import resource, sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
from test_spool_folder import *
folder = SpoolFolder(Path(sys.argv[1]), 100_000_000)
folder.put([row("0")])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
taken, refused = ["0"], 0
while refused < 3:
    text = str(len(taken))
    try:
        folder.put([row(text, 5000)])
        taken.append(text)
    except SpoolError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
folder.put([row("last")])
assert take_all(folder) == [*taken, "last"], "not all came out"
print(len(taken))
"""
        command = [sys.executable, "-c", program, str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        assert int(ended.stdout) > 5

    def test_a_file_that_was_cut_off_is_set_aside_and_does_not_stop_the_others(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = SpoolFolder(tmp_path, 100_000_000)
        for number in range(8):
            folder.put([row(str(number), 400_000)])  # more than SQLite keeps in memory
        (log,) = tmp_path.glob("*-wal")
        os.truncate(log, 0)
        assert folder.first() is None
        assert "about 8 events that were not sent" in caplog.text
        folder.put([row("a")])
        assert take_all(folder) == ["a"]

    def test_a_file_that_cannot_be_read_does_not_stop_the_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = SpoolFolder(tmp_path, 1000)
        folder.put([row("a")])
        (broken,) = tmp_path.glob("*.sqlite")
        read = SpoolFile.read

        def read_from_disk(file: SpoolFile) -> Portion | None:
            if file.path == broken:
                raise SpoolError("disk I/O error")
            return read(file)

        monkeypatch.setattr(SpoolFile, "read", read_from_disk)
        with pytest.raises(SpoolError):
            folder.first()
        folder.put([row("b")])
        assert take(folder) == ["b"]
        with pytest.raises(SpoolError):
            folder.first()
        monkeypatch.undo()
        assert take_all(folder) == ["a"]
        assert names(tmp_path) == []

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "spool").write_text("a file in its place")
        folder = SpoolFolder(tmp_path / "spool", 1000)
        for attempt in (folder.adopt, lambda: folder.put([row("a")])):
            with pytest.raises(SpoolError):
                attempt()
        (tmp_path / "spool").unlink()
        folder.put([row("a")])
        assert take_all(folder) == ["a"]

    def test_a_folder_that_was_deleted_meanwhile(self, tmp_path: Path) -> None:
        folder = SpoolFolder(tmp_path / "spool", 1000)
        folder.put([row("a")])
        shutil.rmtree(tmp_path / "spool")
        folder.put([row("b")])
        (path,) = (tmp_path / "spool").glob("*.sqlite")
        assert b"b" in path.with_name(f"{path.name}-wal").read_bytes()
        assert take_all(folder) == ["a", "b"]
        assert names(tmp_path / "spool") == []
