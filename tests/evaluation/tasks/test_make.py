"""Tasks made from a catalog: the same every time, and judged as their texts say."""

from collections.abc import Iterable

import pytest

from evaluation.task import Task
from evaluation.tasks.make import MADE, make_task
from evaluation.tasks.mesh_topics import plain
from retrieval.analysis import Analyzer
from retrieval.errors import InputError
from retrieval.index.interface import IndexedArticle
from retrieval.records import Article, Integrity, IntegrityStatus, MeshHeading, Section
from retrieval.vocabulary.file import SynonymGroup

GROUPS = (
    SynonymGroup("Ki-67", "marker", ("MKI67",)),
    SynonymGroup("melanoma", "entity", ("malignant melanoma",)),
    SynonymGroup("lung cancer", "entity", ("lung carcinoma",)),
)


def indexed(
    pmid: int, title: str, abstract: str = "Text.", mesh: Iterable[MeshHeading] = (), *, retracted: bool = False
) -> IndexedArticle:
    found = Article(pmid=pmid, title=title, sections=(Section(abstract),) if abstract else (), mesh=tuple(mesh))
    return IndexedArticle(found, Integrity(IntegrityStatus.RETRACTED if retracted else IntegrityStatus.OK))


def make(kind: str, articles: list[IndexedArticle], *, size: int = 10, seed: int = 1) -> Task:
    return make_task(kind, lambda: articles, GROUPS, Analyzer(), size=size, seed=seed, source="made up")


CATALOG = [
    indexed(i, f"Ki-67 in lung carcinoma study number {word} of this year")
    for i, word in enumerate(["one", "two", "three"], 1)
] + [
    indexed(i, f"Malignant melanoma observed in region {word} last winter")
    for i, word in enumerate(["four", "five", "six"], 4)
]


@pytest.mark.parametrize("kind", MADE)
def test_the_same_catalog_size_and_seed_make_the_same_task_in_any_order_of_reading(kind: str) -> None:
    assert make(kind, CATALOG).fingerprint == make(kind, CATALOG[::-1]).fingerprint


def test_a_known_item_is_asked_for_by_words_of_its_title() -> None:
    task = make("known-item", CATALOG, size=2)
    assert len(task.queries) == 2
    for key, text in task.queries.items():
        ((identifier, grade),) = task.qrels[key].items()
        title = next(item.article.title for item in CATALOG if item.article.id == identifier)
        assert grade == 1
        assert len(text.split()) >= 3
        assert [word for word in title.split() if word in text.split()] == text.split()
    assert make("known-item", CATALOG, size=2, seed=2).queries != task.queries


def test_retracted_papers_short_titles_and_bare_titles_are_no_known_items() -> None:
    long = "Malignant melanoma observed in region seven last winter"
    articles = [indexed(1, long, retracted=True), indexed(2, "Melanoma"), indexed(3, long, "")]
    assert make("known-item", articles).queries == {}


def test_a_mesh_topic_is_judged_by_both_headings_and_their_weight() -> None:
    lung, ki67 = MeshHeading("Carcinoma, Renal Cell", major=True), MeshHeading("Ki-67 Antigen", major=True)
    tag = MeshHeading("Humans", major=True)
    articles = [
        indexed(1, "a", mesh=[lung, ki67, tag]),
        indexed(2, "b", mesh=[lung, MeshHeading("Ki-67 Antigen"), tag]),
        indexed(3, "c", mesh=[lung, tag]),
        *(indexed(i, "d") for i in range(4, 20)),
    ]
    task = make("mesh-topics", articles)
    assert task.queries == {"mesh-0001": "renal cell carcinoma and Ki-67 antigen"}
    assert task.qrels == {"mesh-0001": {"pmid:1": 2, "pmid:2": 1}}


def test_headings_become_plain_words() -> None:
    assert plain("Carcinoma, Non-Small-Cell Lung") == "non-small-cell lung carcinoma"
    assert plain("DNA Methylation") == "DNA methylation"


def test_what_no_article_names_together_has_no_answer() -> None:
    task = make("no-answer", CATALOG)
    assert task.queries == {"absent-0001": "Ki-67 in melanoma", "present-0001": "Ki-67 in lung cancer"}
    assert task.qrels == {"present-0001": {"pmid:1": 1, "pmid:2": 1, "pmid:3": 1}}
    assert task.judged == ["absent-0001"]


def test_a_retraction_is_probed_by_its_title_without_the_mark() -> None:
    task = make("retractions", [indexed(9, "RETRACTED: Glial tumours.", retracted=True), *CATALOG])
    assert task.queries == {"retracted-9": "Glial tumours."}
    assert task.qrels == {"retracted-9": {"pmid:9": 1}}


def test_a_thing_that_enough_articles_name_is_asked_for_by_every_name() -> None:
    task = make("aliases", CATALOG[:3])
    assert set(task.queries.values()) == {
        "Ki-67 expression and prognosis",
        "MKI67 expression and prognosis",
        "diagnosis and treatment of lung cancer",
        "diagnosis and treatment of lung carcinoma",
    }
    assert len(task.judged) == 2


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="there is no kind of task 'easy'; choose among known-item"):
        make("easy", CATALOG)
