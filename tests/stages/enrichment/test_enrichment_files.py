"""Files of enrichments: when they are read again, and what happens if they are invalid."""

import os
from pathlib import Path

import pytest

from gateway.stages.enrichment import Tables
from gateway.stages.enrichment.table_mistake import TableMistake


def read_words(path: Path) -> list[str]:
    words = path.read_text().split()
    if "bad" in words:
        raise TableMistake("has a bad word in line 1")
    return words


def replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


@pytest.mark.anyio
async def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    replace(tmp_path / "a.txt", "one")
    tables = Tables(tmp_path)
    reads: list[Path] = []

    def read(path: Path) -> list[str]:
        reads.append(path)
        return read_words(path)

    file = tables.file(Path("a.txt"), read)
    assert tables.file(tmp_path / "a.txt", read) is file
    assert tables.file(Path("a.txt"), read_words) is not file
    for _ in range(3):
        await tables.refresh()
    assert (file.value, reads) == (["one"], [tmp_path / "a.txt"])

    replace(tmp_path / "a.txt", "two")
    await tables.refresh()
    await tables.refresh()
    assert (file.value, len(reads)) == (["two"], 2)


@pytest.mark.anyio
async def test_a_file_that_becomes_bad_is_told_once_and_its_last_good_content_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.txt"
    replace(path, "good")
    tables = Tables(tmp_path)
    file = tables.file(path, read_words)

    replace(path, "bad secret")
    for _ in range(3):
        await tables.refresh()
    assert file.value == ["good"]
    path.unlink()
    for _ in range(3):
        await tables.refresh()
    assert file.value == ["good"]
    path.write_bytes(b"\xff\xfe\xff")
    await tables.refresh()
    assert file.value == ["good"]
    stays = "the previous contents stay in use"
    assert caplog.messages == [
        f"{path} has a bad word in line 1; {stays}",
        f"{path} cannot be read: No such file or directory; {stays}",
        f"{path} is not UTF-8; {stays}",
    ]

    replace(path, "better")
    await tables.refresh()
    assert file.value == ["better"]


@pytest.mark.anyio
async def test_a_file_of_the_same_size_and_time_is_another_one_when_it_was_renamed_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.txt"
    replace(path, "one")
    os.utime(path, (1, 1))
    tables = Tables()
    file = tables.file(path, read_words)
    new = tmp_path / "b.txt"
    new.write_text("two")
    os.utime(new, (1, 1))
    new.rename(path)
    await tables.refresh()
    assert file.value == ["two"]


def test_a_file_that_is_bad_from_the_beginning_is_a_mistake(tmp_path: Path) -> None:
    replace(tmp_path / "a.txt", "bad secret")
    with pytest.raises(TableMistake, match=r"a.txt has a bad word in line 1$"):
        Tables(tmp_path).file(Path("a.txt"), read_words)
    with pytest.raises(TableMistake, match=r"none.txt cannot be read: No such file"):
        Tables(tmp_path).file(Path("none.txt"), read_words)
