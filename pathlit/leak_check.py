"""Whether a test's questions are among what a model was trained on, for its card."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from retrieval.errors import ConfigurationError
from training.card import LeakCheck


def checked(texts: Iterable[Sequence[str]], addresses: Sequence[str]) -> tuple[LeakCheck, ...]:
    """Near-copies of the questions of each task among `texts`, of which each row is looked at whole and in parts.

    Only questions: the articles that answer them are in the corpus, and so in what it is trained from.
    """
    if not addresses:
        return ()
    try:
        from evaluation.addresses import find_tasks
        from evaluation.leakage.audit import audit
    except ImportError as exc:
        raise ConfigurationError(f"--check needs {exc.name}; install the extra `pathlit[evaluation]`") from exc
    checks = []
    with TemporaryDirectory() as folder:
        training = Path(folder) / "texts.jsonl"
        with training.open("wb") as lines:
            for row in texts:
                lines.write(msgspec.json.encode([" ".join(row), *row]) + b"\n")
        for task in find_tasks(addresses):
            found = audit({f"query {key}": text for key, text in task.queries.items()}, training)
            checks.append(LeakCheck(task.name, found.tested, found.leaked))
    return tuple(checks)
