"""What other programs' parsers read out of the exports: every field that the format has comes back equal.

BibTeX is read by pybtex, NBIB by nbib, CSL-JSON by citeproc, RIS by rispy; EndNote's format has no reader here and is
read line by line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import nbib
import pybtex.database
import pytest
import rispy
from citeproc.source.json import CiteProcJSON
from hypothesis import given
from hypothesis import strategies as st

import pathlit
from indexing.pubmed.reader import read_pubmed_xml
from retrieval.citations import FORMATS, export
from retrieval.citations.parts import (
    cited_title,
    date_numbers,
    date_of,
    line,
    page_range,
    pmcid_of,
    pmid_of,
    subjects,
)
from retrieval.citations.standing import standing_note
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import assess
from retrieval.records import Article, Author, Integrity
from retrieval.references.latex import plain
from tests.real_data import DATA, needs_data

DEMO = Path(pathlit.__file__).parent / "demo_corpus.xml"
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―", "-"))


@cache
def demo() -> tuple[IndexedArticle, ...]:
    return tuple(_judged([DEMO]))


@cache
def real() -> tuple[IndexedArticle, ...]:
    """Every record once, deletions of later files left aside."""
    return tuple(_judged(sorted((DATA / "pubmed_xml").glob("*.xml.gz"))))


@cache
def some_real() -> tuple[IndexedArticle, ...]:
    return real()[::25]


def _judged(files: Sequence[Path]) -> Iterator[IndexedArticle]:
    found: dict[int, Article] = {}
    for path in files:
        for record in read_pubmed_xml(path, on_reject=lambda error: None):
            if isinstance(record, Article):
                found[record.pmid] = record
    for article in found.values():
        yield IndexedArticle(article=article, integrity=assess(article))


CORPORA = [
    pytest.param(demo, id="demo"),
    pytest.param(some_real, id="some real ones", marks=[needs_data, pytest.mark.data]),
    pytest.param(real, id="all real ones", marks=[needs_data, pytest.mark.data, pytest.mark.slow]),
]


def batches(articles: Sequence[IndexedArticle]) -> Iterator[Sequence[IndexedArticle]]:
    for start in range(0, len(articles), 1_000):
        yield articles[start : start + 1_000]


def full_name(author: Author) -> str:
    """Last, first, suffix."""
    name = author.collective_name or ", ".join(
        part.replace(",", " ") if place < 2 else part
        for place, part in enumerate((author.last_name, author.fore_name or author.initials, author.suffix))
        if part
    )
    return line(name)


# --- RIS ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", CORPORA)
def test_ris_comes_back_equal(corpus: Any) -> None:
    for some in batches(corpus()):
        read = rispy.loads(export(some, "ris"))
        assert len(read) == len(some)
        for one, record in zip(some, read, strict=True):
            article = one.article
            assert record.get("title", "") == cited_title(article)
            assert record.get("authors", []) == [name for a in article.authors if (name := full_name(a))]
            assert record.get("year", "") == str(article.year or "")
            assert record.get("doi", "") == line(article.doi)
            assert record["accession_number"] == pmid_of(article)
            assert record.get("custom2", "") == pmcid_of(article)
            assert record.get("volume", "") == line(article.journal.volume)
            assert record.get("number", "") == line(article.journal.issue)
            assert record.get("issn", "") == article.journal.issn
            assert record.get("abstract", "") == line(article.abstract)
            assert record.get("keywords", []) == list(subjects(article))
            assert "-".join(filter(None, (record.get("start_page"), record.get("end_page")))) == page_range(
                article.pages
            )
            assert record.get("notes", []) == ([note] if (note := standing_note(one.integrity)) else [])


# --- BibTeX ---------------------------------------------------------------------------------------------------------


def by_pybtex(text: str) -> dict[str, Any]:
    return dict(pybtex.database.parse_string(text, "bibtex").entries)


@pytest.mark.parametrize("corpus", CORPORA)
def test_bibtex_comes_back_equal(corpus: Any) -> None:
    for some in batches(corpus()):
        read = by_pybtex(export(some, "bibtex"))
        assert len(read) == len(some)
        for one, entry in zip(some, read.values(), strict=True):
            article = one.article
            values = {name: plain(value) for name, value in entry.fields.items()}
            assert values.get("title", "") == cited_title(article)
            assert values.get("year", "") == str(article.year or "")
            assert entry.fields.get("doi", "") == line(article.doi)
            assert values.get("pmid", "") == pmid_of(article)
            assert values.get("pmcid", "") == pmcid_of(article)
            assert values.get("abstract", "") == line(article.abstract)
            assert values.get("note", "") == standing_note(one.integrity)
            assert values.get("volume", "") == line(article.journal.volume)
            assert values.get("pages", "").translate(DASHES) == page_range(article.pages).translate(DASHES)
            people = [p for p in entry.persons.get("author", ()) if str(p) != "others"]
            read_names = [_pybtex_name(person) for person in people]
            assert read_names == [_without_order(full_name(a)) for a in article.authors if full_name(a)]


def _pybtex_name(person: Any) -> str:
    parts = (person.first_names, person.middle_names, person.prelast_names, person.last_names, person.lineage_names)
    return _without_order(plain(" ".join(" ".join(part) for part in parts)))


def _without_order(name: str) -> str:
    """The words of a name: parsers disagree on which of them are particles."""
    return " ".join(sorted(re.findall(r"\w+", name)))


# --- NBIB -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", CORPORA)
def test_nbib_comes_back_equal(corpus: Any) -> None:
    for some in batches(corpus()):
        # Its dates are read by dateutil, which knows no seasons; PubMed's own files have them.
        text = re.sub(r"^(DP  - ).*$", r"\g<1>2000", export(some, "nbib"), flags=re.MULTILINE)
        read = nbib.read(text)
        assert len(read) == len(some)
        for one, record in zip(some, read, strict=True):
            article = one.article
            assert record["pubmed_id"] == article.pmid
            assert record.get("title", "").rstrip(".") == cited_title(article).rstrip(".")
            assert record.get("doi", "") == line(article.doi)
            assert record.get("abstract", "") == line(article.abstract)
            assert record.get("journal_volume", "") == line(article.journal.volume)
            assert record.get("pages", "") == line(article.pages)
            assert record.get("journal", "") == line(article.journal.title)
            people = [a for a in article.authors if not a.collective_name]
            assert [a["author"] for a in record.get("authors", ())] == [
                line(", ".join(p for p in (a.last_name, a.fore_name or a.initials, a.suffix) if p)) for a in people
            ]
            assert record.get("publication_types", []) == [line(term.name) for term in article.publication_types]
            assert record.get("keywords", []) == [line(word) for word in article.keywords if line(word)]
            pmc = record.get("pmcid")
            assert (f"PMC{pmc}" if pmc else "") == pmcid_of(article)


@pytest.mark.parametrize("corpus", CORPORA)
def test_dates_and_retractions_are_written_in_pubmeds_own_words(corpus: Any) -> None:
    for one in corpus():
        text = export([one], "nbib")
        if one.article.published:
            assert f"\nDP  - {one.article.published.raw}\n" in text
        if one.integrity.status == "retracted":
            assert "\nRIN - " in text or "\nGN  - Retracted" in text


# --- CSL-JSON -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", CORPORA)
def test_csl_json_comes_back_equal(corpus: Any) -> None:
    for some in batches(corpus()):
        items = json.loads(export(some, "csl-json"))
        source = CiteProcJSON(items)
        for one, item in zip(some, items, strict=True):
            article, reference = one.article, source[item["id"]]
            assert str(reference.get("title", "")) == cited_title(article)
            assert str(reference.get("DOI", "")) == line(article.doi)
            assert str(reference.get("PMID", "")) == pmid_of(article)
            assert str(reference.get("page", "")) == page_range(article.pages)
            assert str(reference.get("note", "")) == standing_note(one.integrity)
            date = date_of(article)
            if date is not None:
                read = reference["issued"]
                numbers = (read.year, read.get("month"), read.get("day"))
                assert tuple(n for n in numbers if n) == date_numbers(date)
            assert len(reference.get("author", ())) == sum(bool(full_name(a)) for a in article.authors)


# --- EndNote --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("corpus", CORPORA)
def test_endnote_has_one_tagged_line_for_each_value(corpus: Any) -> None:
    for some in batches(corpus()):
        records = export(some, "endnote").rstrip("\n").split("\n\n")
        assert len(records) == len(some)
        for one, record in zip(some, records, strict=True):
            lines = record.split("\n")
            assert all(re.match(r"%\S \S", found) for found in lines)
            values = [(found[:2], found[3:]) for found in lines]
            assert [v for tag, v in values if tag == "%T"] == [t for t in [cited_title(one.article)] if t]
            assert [v for tag, v in values if tag == "%M"] == [pmid_of(one.article)]
            assert [v for tag, v in values if tag == "%K"] == list(subjects(one.article))
            assert [v for tag, v in values if tag == "%Z"] == [n for n in [standing_note(one.integrity)] if n]
            assert sum(tag == "%A" for tag, _ in values) == len(one.article.authors)


@needs_data
@pytest.mark.data
def test_all_real_records_are_there() -> None:
    assert len(real()) == 2_920


# --- Any text -------------------------------------------------------------------------------------------------------

titles = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
TRICKY = (
    "{unbalanced", "} first", "50% of \\alpha & _co_ #1 ~x^2 $5", "TY  - JOUR", "@article{x,", "ER  -", "PMID- 1",
    "%0 Book", "β-catenin ≥ 5 µm → Δ", "a -- b --- c", "``quoted'' \"text\"",
    "É. coli ß ø ł", "--", "\\", "$$", "p<0.05 <i>x</i>",
)  # fmt: skip


def survives(title: str) -> None:
    one = IndexedArticle(Article(pmid=5, title=title, authors=(Author(last_name=title, fore_name="A"),)))
    wanted = cited_title(one.article)
    (entry,) = by_pybtex(export([one], "bibtex")).values()
    assert plain(entry.fields.get("title", "")) == wanted
    (record,) = rispy.loads(export([one], "ris"))
    assert record.get("title", "") == wanted
    (item,) = json.loads(export([one], "csl-json"))
    assert item.get("title", "") == wanted
    (read,) = nbib.read(export([one], "nbib"))
    assert read.get("title", "").rstrip(".") == wanted.rstrip(".")
    assert len(export([one], "endnote").strip().split("\n\n")) == 1


@pytest.mark.parametrize("title", TRICKY)
def test_a_tricky_title_survives(title: str) -> None:
    survives(title)


@given(titles)
def test_any_title_survives(title: str) -> None:
    survives(title)


def test_every_format_takes_an_article_of_which_nothing_is_known() -> None:
    for name in FORMATS:
        assert export([(Article(pmid=5), Integrity())], name)
