"""An answer as a text: markers, references, and that no words of a paper pass for ours."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from api.assistant.answers import answer_answer
from api.assistant.prose import Prose, plain, without_references, written
from retrieval.answer.records import Conflict, Stance
from retrieval.records import IntegrityStatus
from retrieval.verify.base import Judgement, Verdict
from tests.api.assistant.fake_doors import ABSTAINED, ANSWER, SUPPORTED, sentence, source
from tests.fakes import article


def test_papers_are_numbered_as_they_are_first_cited() -> None:
    other = source(article(7, "Another paper.", year=2020), key="A2B")
    answer = replace(
        ANSWER,
        sentences=(sentence("One.", "A2B"), sentence("Two.", "K7Q"), sentence("Three.", "A2B")),
        sources=(source(), other),
        dropped=(),
    )
    text, prose = written(answer)
    assert text.startswith("One. [1] Two. [2] Three. [1]\n\nReferences\n1. Another paper. 2020. PMID: 7.")
    assert [(number, source.article.pmid) for number, source in prose.cited] == [(1, 7), (2, 101)]


def test_only_cited_papers_are_listed() -> None:
    text, _ = written(replace(ANSWER, sources=(source(), source(article(7, "Not cited."), key="A2B"))))
    assert "Not cited." not in text


def test_an_abstention_is_said_in_plain_words_and_lists_nothing() -> None:
    assert written(ABSTAINED)[0] == "The literature that was found does not answer this."


def test_what_was_left_out_is_counted_not_shown() -> None:
    assert "Sentences left out because no cited paper supports them: 1." in written(ANSWER)[0]


def test_a_retracted_paper_is_marked_where_the_policy_lets_it_through() -> None:
    text, _ = written(replace(ANSWER, sources=(source(status=IntegrityStatus.RETRACTED),)))
    assert "PMCID: PMC6022342. [RETRACTED] https://pubmed.ncbi.nlm.nih.gov/101/" in text


def test_both_sides_of_a_conflict_are_cited() -> None:
    other = source(article(7, "Another paper.", year=2020), key="A2B")
    against = Judgement(Verdict.CONTRADICTED, 0.02, 0.9, 0.08)
    conflict = Conflict(
        "p40 is specific.",
        support=(Stance("K7Q", 101, 2018, ("review",), SUPPORTED),),
        against=(Stance("A2B", 7, 2020, (), against),),
    )
    answer = replace(ANSWER, sources=(source(), other), conflicts=(conflict,))
    text, _ = written(answer)
    assert "The papers do not agree on: p40 is specific. (for it [1], against it [2])" in text
    assert "\n2. Another paper." in text
    (told,) = answer_answer(answer).conflicts
    assert [(held.n, held.year, held.verdict) for held in told.against] == [(2, 2020, Verdict.CONTRADICTED)]


def test_what_an_external_tool_said_is_marked() -> None:
    said = replace(sentence("Ki-67 is 30 %."), origin="tool", citations=())
    text, _ = written(replace(ANSWER, sentences=(said,), dropped=()))
    assert text == "Ki-67 is 30 %. (result of an external tool, not of the literature)"


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("![x](http://evil.example/?q=1)", "!\\[x]\\(http://evil.example/?q=1)"),
        ("[click](javascript:x)", "[click]\\(javascript:x)"),
        ("[a][b] and [b]: http://x", "[a]\\[b] and [b]\\: http://x"),
        ("<img src=x>", "\\<img src=x>"),
        ("\\<img src=x>", "\\\\\\<img src=x>"),
        ("`code`", "\\`code\\`"),
        ("It holds [1, 2] and [3-5].", "It holds (1, 2) and (3-5)."),
        ("two\nlines\n\n# Heading", "two lines # Heading"),
        ("p < 0.05 and CD8+ [high]", "p < 0.05 and CD8+ [high]"),
    ],
)
def test_words_of_a_paper_are_no_markup_and_no_marker(quoted: str, shown: str) -> None:
    assert plain(quoted) == shown


def test_markers_stand_where_they_are_said_to() -> None:
    prose = Prose()
    prose.learn(ANSWER.sources)
    marked = prose.sentence(sentence("One."))
    assert [marked.text[start:end] for _, start, end in marked.markers] == ["[1]"]


def test_an_earlier_text_of_ours_is_remembered_without_its_references() -> None:
    text, _ = written(replace(ANSWER, dropped=()))
    assert without_references(text).endswith("[1] (partly supported)")
