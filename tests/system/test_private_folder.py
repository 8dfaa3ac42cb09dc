"""One private folder for each path, however many processes ask for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.system.private_folder import find_private_folder, private_folder

OWNER = Path("/etc/gateway/gateway.yaml")
ASKING = """
import sys
from pathlib import Path
from gateway.system.private_folder import private_folder

print("ready", flush=True)
for line in sys.stdin:
    print(private_folder(Path(line.strip())), flush=True)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that only this test uses."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_who_asks_later_gets_the_same_one(temporary: Path) -> None:
    assert find_private_folder(OWNER) is None
    folder = private_folder(OWNER)
    assert private_folder(OWNER) == find_private_folder(OWNER) == folder
    assert list(temporary.iterdir()) == [folder]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_path_has_another_one() -> None:
    assert private_folder(OWNER) != private_folder(OWNER.with_name("other.yaml"))


def test_processes_that_ask_at_the_same_moment_get_the_same_one(temporary: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASKING],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [answer(each) for each in processes] == ["ready"] * 4
    for number in range(200):
        for each in processes:
            ask(each, f"/{number}")
        assert len({answer(each) for each in processes}) == 1
    for each in processes:
        each.communicate(timeout=60)
    assert len(list(temporary.iterdir())) == 200


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_a_name_that_somebody_else_has_taken_is_not_used(temporary: Path, kind: str) -> None:
    taken, elsewhere = private_folder(OWNER), temporary / "elsewhere"
    elsewhere.mkdir(0o700)
    if kind == "folder":
        taken.chmod(0o755)
    else:
        taken.rmdir()
        taken.touch() if kind == "file" else taken.symlink_to(elsewhere)
    folder = private_folder(OWNER)
    assert folder not in (taken, elsewhere)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert private_folder(OWNER) == find_private_folder(OWNER) == folder


def ask(process: subprocess.Popen[str], path: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{path}\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
