"""A file's stamp shows whether the file has changed."""

import os
from pathlib import Path

import pytest

from gateway.system.file_stamp import file_stamp


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rates.csv"
    path.write_text("EUR,1")
    return path


def test_a_file_that_nothing_happened_to_has_the_same_stamp(path: Path) -> None:
    assert file_stamp(path) == file_stamp(path) is not None


def test_a_file_of_another_size_has_another_stamp(path: Path) -> None:
    before, found = file_stamp(path), path.stat()
    path.write_text("EUR,10")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert file_stamp(path) != before


def test_a_file_that_was_touched_has_another_stamp(path: Path) -> None:
    before, found = file_stamp(path), path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))
    assert file_stamp(path) != before


def test_a_file_that_replaced_it_has_another_stamp(path: Path, tmp_path: Path) -> None:
    before, found = file_stamp(path), path.stat()
    new = tmp_path / "new"
    new.write_text("EUR,2")
    os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))
    new.replace(path)
    assert file_stamp(path) != before


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert file_stamp(tmp_path / "no") is None
