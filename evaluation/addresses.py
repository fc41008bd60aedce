"""Where tasks come from: the words of a command line become tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from evaluation.datasets import Topics, read_evidence_inference, read_pubmedqa
from evaluation.task import Task, require_usable
from evaluation.tasks.folder import TASK_FILE, read_task
from retrieval.errors import ConfigurationError, InputError, SourceError

ADDRESSES: Final = (
    "FOLDER                      made by `pathlit evaluate make`, or in BEIR's layout; or a folder of such folders",
    "FOLDER:train                another split than test",
    "ir_datasets:beir/scifact    by its id, where there is a network (needs the extra ir-datasets)",
    "pubmedqa:FILE               PubMedQA's ori_pqal.json: each question for its own abstract",
    "evidence-inference:FOLDER   its docs.jsonl.gz and prompts_merged.csv.gz: a prompt for its trial",
)
"""How a task may be named, a line each."""


def find_tasks(addresses: Sequence[str]) -> list[Task]:
    """InputError where an address names nothing, or where two tasks have the same name."""
    tasks = [task for address in addresses for task in _at(address)]
    for i, task in enumerate(tasks):
        if task.name in (other.name for other in tasks[:i]):
            raise InputError(f"two tasks are called {task.name}; their runs would overwrite each other, rename one")
    return tasks


def _at(address: str) -> list[Task]:
    scheme, _, rest = address.partition(":")
    if scheme in _SCHEMES and rest:
        return [_SCHEMES[scheme](rest)]
    if Path(address).is_dir():
        folder, split = Path(address), "test"
    else:
        head, _, split = address.rpartition(":")
        folder = Path(head)
        if not (head and folder.is_dir()):
            raise InputError(f"{address!r} is no folder of a task; see `pathlit evaluate run --help`")
    made = sorted(path.parent for path in folder.glob(f"*/{TASK_FILE}"))
    return [read_task(path) for path in made] if made else [read_task(folder, split)]


def _pubmedqa(path: str) -> Task:
    about = "PubMedQA's questions, each for the abstract that it was made from."
    return _known("pubmedqa", read_pubmedqa(Path(path)), about)


def _evidence_inference(path: str) -> Task:
    about = "Evidence Inference: intervention, comparator and outcome of a prompt, for the trial that it is about."
    return _known("evidence-inference", read_evidence_inference(Path(path)), about)


def _ir_datasets(name: str) -> Task:
    try:
        import ir_datasets
    except ImportError as exc:
        raise ConfigurationError(
            "ir_datasets is not installed; install the extra with `pip install pathlit[ir-datasets]`"
        ) from exc
    try:
        dataset = ir_datasets.load(name)
        texts = {str(query.query_id): str(query.default_text()) for query in dataset.queries_iter()}
        qrels: dict[str, dict[str, int]] = {}
        for judgment in dataset.qrels_iter():
            qrels.setdefault(str(judgment.query_id), {})[str(judgment.doc_id)] = int(judgment.relevance)
    except KeyError as exc:
        raise InputError(f"ir_datasets has no {name!r} with questions and judgments") from exc
    except Exception as exc:
        raise SourceError(f"ir_datasets could not fetch {name!r}: {exc}; is there a network?") from exc
    asked = {key: texts[key] for key in qrels if key in texts}
    topics = Topics(asked, {key: qrels[key] for key in asked})
    return _known(name.replace("/", "-"), topics, f"{name} of ir_datasets.")


def _known(name: str, topics: Topics, about: str) -> Task:
    return require_usable(Task(name, topics.queries, topics.qrels, about=about))


_SCHEMES: Final[dict[str, Callable[[str], Task]]] = {
    "pubmedqa": _pubmedqa,
    "evidence-inference": _evidence_inference,
    "ir_datasets": _ir_datasets,
}
