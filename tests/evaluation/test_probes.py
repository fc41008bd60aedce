"""Probes: what each measures, on a corpus small enough to know the answer."""

import pytest

from evaluation.experiment import require_indexed, run_task
from evaluation.systems import System
from evaluation.task import Task
from retrieval.errors import InputError
from retrieval.records import Article, Section, Term
from retrieval.search import Searcher
from tests.fakes import Corpus, article

WORDS = System("lexical", legs=("lexical",))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Searcher:
    corpus = Corpus(tmp_path_factory.mktemp("probes"))
    corpus.publish(
        [
            article(1, "Ki-67 in lung carcinoma", "Ki-67 was high in lung carcinoma."),
            article(2, "Melanoma of the skin", "Melanoma was thick."),
            Article(
                pmid=3,
                title="Retracted: glial tumours and mice",
                sections=(Section("They never were."),),
                publication_types=(Term("Retracted Publication"),),
            ),
        ]
    )
    return corpus.open_searcher()


def test_an_unanswerable_question_is_separated_from_answerable_ones(searcher: Searcher) -> None:
    task = Task(
        "n",
        {"absent": "Ki-67 in melanoma", "present": "Ki-67 in lung carcinoma"},
        {"present": {"pmid:1": 1}},
        "no-answer",
    )
    assert run_task(searcher, WORDS, task).values == {"separation": {"absent": 1.0}}


def test_a_question_as_well_supported_as_the_answerable_ones_counts_half(searcher: Searcher) -> None:
    task = Task("n", {"absent": "lung", "present": "lung"}, {"present": {"pmid:1": 1}}, "no-answer")
    assert run_task(searcher, WORDS, task).values == {"separation": {"absent": 0.5}}


def test_a_retracted_paper_is_kept_out_and_labelled(searcher: Searcher) -> None:
    task = Task("r", {"q": "glial tumours and mice"}, {"q": {"pmid:3": 1}}, "retractions")
    measured = run_task(searcher, WORDS, task)
    assert measured.values == {"safe": {"q": 1.0}, "kept out": {"q": 1.0}, "labelled": {"q": 1.0}, "found": {"q": 1.0}}
    assert "pmid:3" not in measured.run["q"]


def test_a_paper_that_appears_without_a_label_is_not_safe(searcher: Searcher) -> None:
    task = Task("r", {"q": "melanoma"}, {"q": {"pmid:2": 1}}, "retractions")
    assert run_task(searcher, WORDS, task).values["safe"] == {"q": 0.0}


def test_names_are_compared_with_the_first_of_their_group(searcher: Searcher) -> None:
    queries = {
        "a1": "lung",
        "a2": "carcinoma of the lung",
        "b1": "lung",
        "b2": "melanoma",
        "c1": "xyzzy",
        "c2": "plugh",
    }
    task = Task("a", queries, kind="aliases", groups={key: key[0] for key in queries})
    assert run_task(searcher, WORDS, task).values == {"overlap@10": {"a2": 1.0, "b2": 0.0, "c2": 0.0}}


def test_the_index_of_another_corpus_is_refused(searcher: Searcher) -> None:
    with pytest.raises(InputError, match=r"holds none of the articles that t judges, such as '99'"):
        require_indexed(searcher, Task("t", {"q": "x"}, {"q": {"99": 1}}))
