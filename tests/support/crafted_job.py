"""A function that a job slipped into the queue might try to call."""

calls: list[object] = []


def spy(*arguments: object) -> None:
    calls.append(arguments)
