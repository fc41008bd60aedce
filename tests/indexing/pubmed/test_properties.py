"""What holds for any bytes and any text: PubMed XML is read, or refused with an error of ours."""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.errors import MalformedFileError, RecordError
from retrieval.records import Article, Deletion

GOLDEN = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "golden").glob("pubmed_*.xml"))]
XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid document with some stretches replaced by other bytes or by pieces of itself, and maybe cut short."""
    data = draw(st.sampled_from(GOLDEN))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 200)))
        piece = draw(st.integers(0, len(data)))
        patch = draw(st.one_of(st.binary(max_size=8), st.just(data[piece : piece + 150]), st.just(b"<?p?><!-- -->")))
        data = data[:start] + patch + data[end:]
    return data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))]


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_random_bytes_are_refused(data: bytes) -> None:
    _read(data)
    _read(b"\x1f\x8b\x08\x00" + data)
    _read(b"<PubmedArticleSet>" + data)


@given(mutated(), st.booleans())
@settings(deadline=None, max_examples=400)
def test_a_damaged_document_gives_only_pmids_that_stand_in_it(data: bytes, compressed: bool) -> None:
    numbers = {int(number) for number in re.findall(rb"\d{1,15}", data)}
    assert {record.pmid for record in _read(gzip.compress(data) if compressed else data)} <= numbers


@given(st.binary(max_size=40), st.integers(0, 2000), st.booleans())
@settings(deadline=None)
def test_a_damaged_gzip_is_refused_or_read(patch: bytes, place: int, cut: bool) -> None:
    data = gzip.compress(GOLDEN[0])
    place %= len(data)
    _read(data[:place] + patch + (b"" if cut else data[place + len(patch) :]))


@given(XML_TEXT, XML_TEXT)
@settings(deadline=None)
def test_any_text_comes_back_with_white_space_collapsed(title: str, abstract: str) -> None:
    abstract_xml = f"<Abstract><AbstractText>{escape(abstract)}</AbstractText></Abstract>"
    article = _article(f"<ArticleTitle>x{escape(title)}</ArticleTitle>{abstract_xml}")
    assert article.title == " ".join(f"x{title}".split())
    assert article.abstract == " ".join(abstract.split())


@given(st.lists(st.text("<>iubspm/ 2+x\n&;lt", max_size=6)))
@settings(deadline=None)
def test_markup_loses_no_letter(pieces: list[str]) -> None:
    marked = "".join(f"<i>{escape(piece)}</i>" for piece in pieces)
    article = _article(f"<ArticleTitle>{marked}</ArticleTitle>")
    assert article.title == " ".join("".join(pieces).split())


def _read(data: bytes) -> list[Article | Deletion]:
    """All records up to the end or the first MalformedFileError; any other error fails the test."""
    records: list[Article | Deletion] = []
    rejected: list[RecordError] = []
    try:
        for record in read_pubmed_xml(io.BytesIO(data), on_reject=rejected.append):
            records.append(record)  # noqa: PERF402 - what came before an error must not be lost
    except MalformedFileError as error:
        assert error.records_before == len(records)  # noqa: PT017
    return records


def _article(inner: str) -> Article:
    record = f"<MedlineCitation><PMID>900000001</PMID><Article>{inner}</Article></MedlineCitation>"
    file = io.BytesIO(f"<PubmedArticleSet><PubmedArticle>{record}</PubmedArticle></PubmedArticleSet>".encode())
    (article,) = read_pubmed_xml(file)
    assert isinstance(article, Article)
    return article
