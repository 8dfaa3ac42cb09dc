from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.configuration.kinds import destination_types
from tests.benchmarks import instructions
from tests.benchmarks.stages import STAGES

GROWTH = '[[growth]]\nstage = "read: collect"\npercent = {}\nreason = "{}"\n'


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_can_be_measured_again_and_again(stage: str) -> None:
    work = STAGES[stage]()

    assert work() == work() > 0


def test_each_destination_is_a_stage() -> None:
    assert {f"plan: {kind}" for kind in destination_types()} <= {*STAGES}


@pytest.mark.parametrize(
    ("now", "accepted", "grown"),
    [(102.9, {}, []), (103.1, {}, ["a"]), (107.9, {"a": 5.0}, []), (108.1, {"a": 5.0}, ["a"])],
)
def test_a_stage_that_has_grown_is_named(
    now: float, accepted: dict[str, float], grown: list[str]
) -> None:
    found = instructions.grown_stages({"a": 100.0, "b": 1.0}, {"a": now, "new": 9.0}, accepted)

    assert [*found] == grown


def test_the_table_shows_what_only_one_version_has() -> None:
    rows = instructions.table({"a": 1000.0, "old": 5.0}, {"a": 1100.0, "b": 2000.0}).splitlines()

    assert [row.split() for row in rows[1:]] == [
        ["a", "1.0", "1.1", "+10.0", "%"],
        ["old", "0.0", "gone"],
        ["b", "2.0", "new"],
    ]


def test_growth_is_accepted_once_and_with_a_reason(tmp_path: Path) -> None:
    now, then = tmp_path / "now", tmp_path / "then"
    now.write_text(GROWTH.format(5, "an older reason") + GROWTH.format(2, "a new check"))

    assert instructions.accepted_growth(now, then) == {"read: collect": 7}
    then.write_text(GROWTH.format(5, "an older reason"))
    assert instructions.accepted_growth(now, then) == {"read: collect": 2}
    now.write_text(GROWTH.format(2, ""))
    with pytest.raises(SystemExit, match="needs a reason"):
        instructions.accepted_growth(now, then)


class Repository:
    """A git repository with one commit, in which `instructions` looks for commits."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(instructions, "ROOT", folder)
        self.file = folder / "file"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.first = self.commit("first")

    def git(self, *words: str) -> str:
        author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        git = ["git", *author, *words]
        return subprocess.check_output(git, cwd=self.file.parent, text=True).strip()

    def commit(self, text: str) -> str:
        self.file.write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    return Repository(tmp_path / "repository", monkeypatch)


def test_a_first_commit_has_none_to_compare_with(repository: Repository) -> None:
    assert instructions.find_base() == ""


def test_main_is_compared_with_its_commit_before(repository: Repository) -> None:
    last = repository.commit("second")

    assert instructions.find_base() == repository.first
    repository.file.write_text("changed")
    assert instructions.find_base() == last


def test_a_branch_is_compared_with_where_it_left_main(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit("second")
    repository.commit("third")

    assert instructions.find_base() == repository.first


def test_a_shallow_clone_fetches_the_commit_before(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("second")
    origin = f"file://{repository.file.parent}"
    repository.git("clone", "--quiet", "--depth=1", origin, str(tmp_path / "clone"))
    monkeypatch.setattr(instructions, "ROOT", tmp_path / "clone")

    assert instructions.find_base() == repository.first
