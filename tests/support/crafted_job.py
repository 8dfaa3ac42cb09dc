"""What a job that somebody slipped into the queue would like to call."""

calls: list[object] = []


def spy(*arguments: object) -> None:
    calls.append(arguments)
