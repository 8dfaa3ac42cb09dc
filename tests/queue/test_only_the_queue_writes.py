"""Only the queue writes keys: its docstring says what each holds, and its scripts keep the law of
conservation.

These tests read the source, because no test of behaviour can prove an absence.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.queue.keys import DestinationKeys, Keys

ROOT = Path(__file__).parents[2]
ROOMS_THAT_WRITE = ("gateway/queue/", "gateway/redis_client/")
MODULES_THAT_NAME_KEYS = (
    "gateway/delivery/sweep.py",  # asks whether a destination was woken
    "gateway/monitoring/",  # reads numbers and states
    "gateway/operations/",  # looks for the dead letters of destinations that are gone
    "gateway/web/readiness.py",  # asks whether the consumer groups exist
)
"""They only read, as `test_no_other_room_writes` checks. Others only pass `Keys` to the queue."""

KEYS = frozenset(
    {each.name for each in fields(DestinationKeys)}
    | {name for name, member in vars(Keys).items() if isinstance(member, property)}
) - {"queue"}
"""Attributes that are keys. `queue` is left out: it is the name of RQ's queue, not a key."""

WRITES = re.compile(
    r"h(del|incrby\w*|mset|setnx|set)|x(ack|add|autoclaim|claim|del|group_\w+|readgroup|setid|trim)"
    r"|z(add|incrby|pop\w+|rem\w*)|[lr](pop|poplpush|pushx?)|l(insert|move|rem|set|trim)"
    r"|s(add|move|pop|rem)|(incr|decr)(by\w*)?|(p?set|get)ex|m?setnx|get(del|set)|p?expire(at)?"
    r"|persist|eval(sha)?|fcall|flush(all|db)|execute_command"
)
"""Methods that write, or may write, and that only clients of redis-py have."""
WRITES_OF_CLIENTS = frozenset({"append", "copy", "delete", "mset", "rename", "set", "unlink"})
"""Methods that other objects have too: they count if the object has a name in `CLIENTS`."""
CLIENTS = frozenset({"redis", "_redis", "jobs", "_jobs", "pipeline", "client", "connection"})


def modules() -> Iterator[tuple[str, ast.Module]]:
    """The modules that may not write, with their paths."""
    for path in sorted(ROOT.glob("gateway/**/*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(ROOMS_THAT_WRITE):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def writes(module: ast.AST) -> list[str]:
    """The calls in `module` that write to Redis, or may write."""
    found = []
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "write_note":
            found.append(ast.unparse(node))
        if isinstance(node.func, ast.Attribute):
            name, owner = node.func.attr, ast.unparse(node.func.value).rsplit(".", 1)[-1]
            of_client = name in WRITES_OF_CLIENTS and owner in CLIENTS
            foreign = name == "register_script" and not _is_ours(node.args[0])
            if of_client or foreign or WRITES.fullmatch(name):
                found.append(ast.unparse(node))
    return found


def _is_ours(text: ast.expr) -> bool:
    """Whether the text of a script is a file of the queue."""
    return isinstance(text, ast.Call) and ast.unparse(text.func) == "script"


@pytest.mark.parametrize(
    ("code", "is_write"),
    [
        ("await redis.hset(key, 'a', 1)", True),
        ("self._redis.set(key, 'a')", True),
        ("pipeline.delete(key)", True),
        ("await redis.pipeline().xadd(key, {})", True),
        ("await write_note(redis, 'SET', key, 'a')", True),
        ("redis.execute_command('SET', key, 'a')", True),
        ("redis.register_script('return 1')", True),
        ("redis.register_script(script('numbers'))", False),
        ("await redis.hget(key, 'a')", False),
        ("stopping.set()", False),
        ("lines.append('a')", False),
        ("path.unlink()", False),
    ],
)
def test_a_write_is_told_from_what_is_none(code: str, is_write: bool) -> None:
    module = compile(code, "test", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert bool(writes(module)) is is_write


def test_no_other_room_writes() -> None:
    assert {name: found for name, module in modules() if (found := writes(module))} == {}


def named_keys(module: ast.AST) -> list[str]:
    """The keys that `module` takes out of a `Keys` or a `DestinationKeys`."""
    return [
        ast.unparse(node)
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and node.attr in KEYS
        and re.search(r"(keys|\.destination\(.*\)|Keys\.of\(.*\))$", ast.unparse(node.value))
    ]


@pytest.mark.parametrize(
    ("code", "is_named"),
    [
        ("keys.stream", True),
        ("self._keys.counts", True),
        ("keys.destination(name).wake", True),
        ("Keys.of(settings).quarantine", True),
        ("keys.destination(name)", False),
        ("keys.queue", False),
        ("numbers.counts", False),
        ("Reader(redis, keys, holder)", False),
    ],
)
def test_a_key_that_is_named_is_told_from_keys_that_are_handed_on(
    code: str, is_named: bool
) -> None:
    assert bool(named_keys(ast.parse(code))) is is_named


def test_no_other_room_names_keys_but_to_read() -> None:
    naming = {
        name: found
        for name, module in modules()
        if (found := named_keys(module)) and not name.startswith(MODULES_THAT_NAME_KEYS)
    }
    assert naming == {}


def test_no_other_room_spells_a_key() -> None:
    spelled = {
        name: node.value
        for name, module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("gw:", "rq:"))
    }
    assert spelled == {}
