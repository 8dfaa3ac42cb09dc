"""``${file:PATH}``: a value from a file of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.configuration.load import load_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.secret_files import MAX_SECRET_FILE_BYTES, SecretFiles
from gateway.configuration.settings import build_sources
from gateway.configuration.yaml_file import Problem, read_yaml
from gateway.sources.base import Inbound

CONFIG = """
sources:
  backend: {type: events, keys: ["${file:%s}"]}
destinations: {}
"""


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b"s3cret\n\n", "s3cret\n"),
        (b" s3cret ", " s3cret "),
        (b"${HOME}", "${HOME}"),
        ("schlüssel\n".encode(), "schlüssel"),
        (b"x" * MAX_SECRET_FILE_BYTES, "x" * MAX_SECRET_FILE_BYTES),
    ],
    ids=lambda each: f"{len(each)}",
)
def test_the_text_without_the_newline_at_its_end(
    tmp_path: Path, content: bytes, value: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert SecretFiles(tmp_path).read("secret") == value
    assert SecretFiles(Path("/nowhere")).read(f"{tmp_path}/secret") == value


def test_a_link_is_followed_as_kubernetes_makes_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/key").write_text("s3cret\n")
    (tmp_path / "key").symlink_to("data/key")
    assert SecretFiles(tmp_path).read("key") == "s3cret"


def test_what_cannot_be_read_names_the_file_and_never_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"s3cret\xff")
    (tmp_path / "large").write_bytes(b"s3cret" * MAX_SECRET_FILE_BYTES)
    (tmp_path / "empty").write_bytes(b"\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    wrong = {
        "nothing": "No such file or directory",
        "binary": "it is not UTF-8",
        "large": f"it has more than {MAX_SECRET_FILE_BYTES} bytes",
        "pipe": "it is not a regular file",
        "/dev/zero": "it is not a regular file",
        ".": "Is a directory",
        "loop": "Too many levels of symbolic links",
        "\0": "embedded null byte",
        "x" * 300: "File name too long",
    }
    files = SecretFiles(tmp_path)
    for name, words in wrong.items():
        with pytest.raises(ValueError, match="cannot read") as raised:
            files.read(name)
        assert str(raised.value) == f"cannot read {tmp_path / name}: {words}"
    with pytest.raises(ValueError, match="is empty"):
        files.read("empty")
    assert files.digests == {}


def test_files_stand_where_variables_may_stand() -> None:
    text = "a: Bearer ${file:one}\nb: ['${file:/two words}${X}${file:one}']\n"
    file = read_yaml(text, {"X": "-"}, {"one": "1", "/two words": "2"}.__getitem__)
    assert (file.data, file.problems) == ({"a": "Bearer 1", "b": ["2-1"]}, [])


def test_what_is_not_written_in_the_file_is_known() -> None:
    text = "a: ${X}\nb: ${X:-}\nc: x${X:-y}\nd: ['${file:one}', x]\ne: x\nf: ${X:-y} ${X}\n"
    file = read_yaml(text, {"X": "x"}, {"one": "1"}.__getitem__)
    assert file.outside == {("a",), ("b",), ("d", 0), ("f",)}


def test_a_mistake_has_the_line_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % "secrets/key")
    with pytest.raises(ConfigurationError) as raised:
        load_settings(path, {})
    message = f"cannot read {tmp_path}/secrets/key: No such file or directory"
    assert raised.value.problems == [Problem(3, "sources.backend.keys.0", message)]


@pytest.mark.parametrize("name", ["secrets/key", "{folder}/secrets/key", "./secrets/key"])
def test_relative_paths_count_from_the_configuration_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/key").write_text("s3cret-key\n")
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG % name.format(folder=tmp_path))
    settings = load_settings(path, {})
    request = Inbound(
        "POST", "/events", "", {"authorization": "Bearer s3cret-key"}, b'{"event_name": "login"}'
    )
    assert build_sources(settings)["backend"].read(request).trusted
    assert [each.name for each in settings.secret_files] == ["key"]
    assert "s3cret-key" not in f"{settings!r} {settings.text} {settings.secret_files}"


def test_other_yaml_files_read_no_files() -> None:
    assert read_yaml("a:\n  b: ${file:/etc/passwd}\n", {}).problems == [
        Problem(2, "a.b", "values from other files cannot be used in this file")
    ]
