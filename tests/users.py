"""Those who search without a pause while something happens, whichever way they ask."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.api.running import Answer, ask

_LAST_ANSWER_S = 120


class Users:
    """Threads that work as long as the block around them lasts; each looks at `stopped` between two questions."""

    def __init__(self, asking: Sequence[Callable[[], None]]) -> None:
        self.stopped = threading.Event()
        self._threads = [threading.Thread(target=each) for each in asking]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self._threads:
            thread.join(_LAST_ANSWER_S)


def search_answer(connection: http.client.HTTPConnection, body: dict[str, Any], failures: list[str]) -> Answer | None:
    """What the API answers to a search; None, and a line among `failures`, where that is no success."""
    try:
        answer = ask(connection, "POST", "/v1/search", body)
    except (OSError, http.client.HTTPException) as exc:
        failures.append(repr(exc))
        connection.close()
        return None
    if answer.status != 200:
        failures.append(f"{answer.status} {answer.body}")
        return None
    return answer
