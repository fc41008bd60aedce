from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import indexing.jsonl_fields
from indexing.jsonl import read_jsonl
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.identifiers import local_key, parse_identifier
from retrieval.records import Article, Author, Journal, MeshHeading, PartialDate, Section, Term
from tests.real_data import DATA, needs_data


def written(folder: Path, *lines: object) -> Path:
    path = folder / "corpus.jsonl"
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return path


def only(folder: Path, record: dict[str, object]) -> Article:
    (article,) = read_jsonl(written(folder, record))
    return article


def test_every_field(tmp_path: Path) -> None:
    record = {
        "pmid": 29952771,
        "title": " A  title\nin two lines ",
        "abstract": "BACKGROUND: One. METHODS: Two.",
        "journal": "The American journal of forensic medicine and pathology",
        "year": 2018,
        "mesh": ["Drowning", "Humans"],
        "pubtypes": ["Case Reports"],
        "languages": ["eng"],
        "authors": ["Smith JA", {"last_name": "Doe", "fore_name": "Jane", "orcid": "0000-0002-1825-0097", "age": 4}],
        "doi": "10.1097/PAF.0000000000000412",
        "pmcid": "PMC6099000",
        "keywords": ["drowning"],
        "label": "ignored",
    }
    assert only(tmp_path, record) == Article(
        pmid=29952771,
        title="A title in two lines",
        sections=(Section("BACKGROUND: One. METHODS: Two."),),
        journal=Journal(title="The American journal of forensic medicine and pathology"),
        published=PartialDate(sortable="2018-01-01", precision="year", raw="2018"),
        mesh=(MeshHeading("Drowning"), MeshHeading("Humans")),
        publication_types=(Term("Case Reports"),),
        languages=("eng",),
        authors=(
            Author(last_name="Smith", initials="JA"),
            Author(last_name="Doe", fore_name="Jane", initials="J", orcid="0000-0002-1825-0097"),
        ),
        doi="10.1097/PAF.0000000000000412",
        pmcid="PMC6099000",
        keywords=("drowning",),
    )


SAME_FIELDS = [
    ({"abstract": "A"}, {"text": "A"}),
    ({"abstract": "A"}, {"abstract": "", "text": "A"}),
    ({"abstract": "A"}, {"abstract": "A", "text": "B"}),
    ({"abstract": "A", "year": 2018}, {"abstract": "A", "year": "2018"}),
    ({"abstract": "A"}, {"abstract": "A", "year": None, "mesh": None, "title": None, "doi": "", "authors": []}),
    ({"abstract": "A", "mesh": ["Humans"]}, {"abstract": "A", "mesh": "Humans"}),
    ({"abstract": "A", "pubtypes": ["Review"]}, {"abstract": "A", "publication_types": ["Review"]}),
    ({"abstract": "A", "languages": ["eng"]}, {"abstract": "A", "language": "eng"}),
    ({"abstract": "A", "pmcid": "PMC101395"}, {"abstract": "A", "pmcid": "101395"}),
    ({"abstract": "A", "pmcid": "PMC101395"}, {"abstract": "A", "pmcid": 101395}),
    ({"abstract": "A", "doi": "10.1000/x"}, {"abstract": "A", "doi": "https://doi.org/10.1000/x"}),
    ({"abstract": "A", "authors": ["Smith JA"]}, {"abstract": "A", "authors": "Smith JA"}),
    (
        {"abstract": "A", "authors": ["Smith JA"]},
        {"abstract": "A", "authors": ["", " ", None, {"last_name": "", "affiliations": []}, "Smith JA"]},
    ),
]


@pytest.mark.parametrize(("usual", "other"), SAME_FIELDS)
def test_two_ways_to_write_one_thing(tmp_path: Path, usual: dict[str, object], other: dict[str, object]) -> None:
    assert only(tmp_path, {"pmid": 1, **usual}) == only(tmp_path, {"pmid": 1, **other})


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("Smith JA", Author(last_name="Smith", initials="JA")),
        ("van der Berg J", Author(last_name="van der Berg", initials="J")),
        ("Smith JA Jr", Author(last_name="Smith", initials="JA", suffix="Jr")),
        ("Smith, John A.", Author(last_name="Smith", fore_name="John A.", initials="JA")),
        ("Müller-Lüdenscheidt Ö", Author(last_name="Müller-Lüdenscheidt", initials="Ö")),
        ("John Smith", Author(collective_name="John Smith")),
        ("WHO", Author(collective_name="WHO")),
        ("International Lymphoma Study Group", Author(collective_name="International Lymphoma Study Group")),
        ({"last_name": "Smith", "fore_name": "Jean-Paul"}, Author("Smith", "Jean-Paul", "JP")),
        ({"collective_name": "WHO", "orcid": None}, Author(collective_name="WHO")),
    ],
)
def test_authors(tmp_path: Path, name: object, author: Author) -> None:
    assert only(tmp_path, {"pmid": 1, "title": "T", "authors": [name]}).authors == (author,)


@pytest.mark.parametrize(
    ("names", "pmid", "source_id"),
    [
        ({"pmid": 29952771}, 29952771, ""),
        ({"pmid": "29952771"}, 29952771, ""),
        ({"id": "pmid:29952771"}, 29952771, ""),
        ({"_id": "PMID 29952771"}, 29952771, ""),
        ({"id": "pmid:29952771", "pmid": 29952771}, 29952771, ""),
        ({"id": "hers:7", "pmid": 29952771}, 29952771, ""),
        ({"id": "scifact:4983"}, 6755508597625789, "scifact:4983"),
        ({"_id": "4983"}, local_key("4983"), "4983"),
        ({"_id": 4983}, local_key("4983"), "4983"),
        ({"id": "", "_id": "MED-10", "pmid": None}, local_key("MED-10"), "MED-10"),
    ],
)
def test_how_an_article_is_known(tmp_path: Path, names: dict[str, object], pmid: int, source_id: str) -> None:
    article = only(tmp_path, {"title": "T", **names})
    assert (article.pmid, article.source_id) == (pmid, source_id)


def test_an_article_is_found_by_the_identifier_that_it_shows(tmp_path: Path) -> None:
    for names in ({"pmid": 29952771}, {"id": "scifact:4983"}, {"id": "hers:7", "pmid": 5}, {"_id": "MED-10"}):
        article = only(tmp_path, {"title": "T", **names})
        assert parse_identifier(article.id) == article.pmid


REJECTED = [
    (b"{", "it is not valid JSON"),
    (b"[" * 100_000, "it is not valid JSON"),
    (b'{"pmid": 1, "title": "\\ud800"}', "it is not valid JSON"),
    (b'{"pmid": 1, "title": NaN}', "it is not valid JSON"),
    (b'{"pmid": 1, "title": "\xff"}', r"it is not valid UTF-8 \(byte 23 of the line\)"),
    (b"[1, 2]", "it is not a JSON object"),
    (b'"text"', "it is not a JSON object"),
    ({"pmid": 1}, "it has neither a title nor an abstract"),
    ({"pmid": 1, "title": " ", "abstract": ""}, "it has neither a title nor an abstract"),
    ({"title": "T"}, "it has neither a pmid nor an id"),
    ({"title": "T", "id": " "}, "it has neither a pmid nor an id"),
    ({"pmid": 1, "title": 5}, "title: expected a text, found 5"),
    ({"pmid": 1, "abstract": ["A"]}, r"abstract: expected a text, found \['A'\]"),
    ({"pmid": 1, "text": {}}, "text: expected a text, found {}"),
    ({"pmid": 1, "title": "T", "journal": 5}, "journal: expected a text, found 5"),
    ({"pmid": 1, "title": "T", "year": "about 1998"}, "year: expected a whole number, found 'about 1998'"),
    ({"pmid": 1, "title": "T", "year": 2018.5}, "year: expected a whole number, found 2018.5"),
    ({"pmid": 1, "title": "T", "year": True}, "year: expected a whole number, found True"),
    ({"pmid": 1, "title": "T", "year": 20180101}, "year: 20180101 is not a year of publication"),
    ({"pmid": 1, "title": "T", "mesh": [1]}, "mesh: expected a list of texts, found 1"),
    ({"pmid": 1, "title": "T", "keywords": {"a": 1}}, "keywords: expected a list of texts, found {'a': 1}"),
    ({"pmid": 1, "title": "T", "languages": 3}, "languages: expected a list of texts, found 3"),
    ({"pmid": 1, "title": "T", "authors": ["Smith JA", 5]}, "authors, number 2: expected a name"),
    ({"pmid": 1, "title": "T", "authors": [{"fore_name": "J"}]}, "authors, number 1: an object needs a last_name"),
    ({"pmid": 1, "title": "T", "authors": [{"last_name": 5}]}, "authors, number 1: Expected `str`, got `int`"),
    ({"pmid": 1, "title": "T", "pmcid": "none"}, "pmcid: 'none' is not a PMC id"),
    ({"pmid": -1, "title": "T"}, "pmid: -1 is not a PMID"),
    ({"pmid": 0, "title": "T"}, "pmid: 0 is not a PMID"),
    ({"pmid": "-1", "title": "T"}, "pmid: expected a whole number, found '-1'"),
    ({"pmid": 1.0, "title": "T"}, "pmid: expected a whole number, found 1.0; write 1, without the decimal"),
    ({"pmid": 1 << 50, "title": "T"}, "pmid: 1125899906842624 is not a PMID"),
    ({"pmid": 10**400, "title": "T"}, r"pmid: 10{76}\.\.\. is not a PMID"),
    ({"id": "pmid:x", "title": "T"}, "id: 'pmid:x' is not a PMID"),
    ({"id": "pmid:2", "pmid": 1, "title": "T"}, "id: 'pmid:2' contradicts pmid 1"),
    ({"id": ["a"], "title": "T"}, r"id: expected a text or a whole number, found \['a'\]"),
]


@pytest.mark.parametrize(("line", "reason"), REJECTED)
def test_a_rejection_names_file_line_and_field_and_the_rest_is_kept(tmp_path: Path, line: object, reason: str) -> None:
    good = {"pmid": 7, "title": "T"}
    path = written(tmp_path, good, b"", line, {"pmid": 8, "title": "T"})
    rejected: list[RecordError] = []
    assert [article.pmid for article in read_jsonl(path, on_reject=rejected.append)] == [7, 8]
    (error,) = rejected
    assert error.identifier == "at line 3"
    with pytest.raises(RecordError, match=rf"corpus\.jsonl, record at line 3: {reason}"):
        list(read_jsonl(path))


def test_two_ids_with_one_key_are_rejected_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing.jsonl_fields, "local_key", lambda source_id: 1 << 51)
    records = [{"id": name, "title": "T"} for name in ("a:1", "b:2", "a:1")]
    rejected: list[RecordError] = []
    articles = list(read_jsonl(written(tmp_path, *records), on_reject=rejected.append))
    assert [article.source_id for article in articles] == ["a:1", "a:1"]
    assert [error.reason for error in rejected] == [
        "id: 'b:2' has the same key as 'a:1' in this file; rename one of them"
    ]


def test_plain_and_gzipped_by_content_not_by_name(tmp_path: Path) -> None:
    plain = written(tmp_path, {"pmid": 1, "title": "T"}, {"pmid": 2, "title": "T"})
    packed = tmp_path / "packed.jsonl"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(read_jsonl(packed)) == list(read_jsonl(plain))


def test_line_ends_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"pmid": 1, "title": "T"}\r\n\r\n  \n{"pmid": 2, "title": "T\xc2\x85U"}')
    assert [(article.pmid, article.title) for article in read_jsonl(path)] == [(1, "T"), (2, "T U")]


def test_an_empty_file_has_no_articles(tmp_path: Path) -> None:
    assert list(read_jsonl(written(tmp_path))) == []


def test_a_truncated_or_damaged_gzip_file_gives_what_came_before_and_then_fails(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b'{"pmid": %d, "title": "T%d"}\n' % (n, n * n) for n in range(1, 50_001)))
    path = tmp_path / "corpus.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    read: list[Article] = []
    with pytest.raises(MalformedFileError, match="the gzip file is cut off") as cut:
        read.extend(article for article in read_jsonl(path))
    assert cut.value.records_before == cut.value.line - 1 > 1000

    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + b"\xff" * 100 + whole[middle + 100 :])
    with pytest.raises(MalformedFileError, match="the gzip file is damaged"):
        list(read_jsonl(path, on_reject=lambda error: None))


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.jsonl: cannot be opened \(No such file or directory\)"):
        list(read_jsonl(tmp_path / "missing.jsonl"))
    with pytest.raises(InputError, match="cannot be opened"):
        list(read_jsonl(tmp_path))


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_give_articles_or_a_clean_error(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = written(tmp_path_factory.mktemp("jsonl"), *lines)
    try:
        assert list(read_jsonl(path, on_reject=lambda error: None)) == []
    except MalformedFileError:
        assert path.read_bytes().startswith(b"\x1f\x8b")


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
FIELDS = (
    "pmid", "id", "_id", "title", "abstract", "text", "journal", "year", "mesh", "pubtypes", "publication_types",
    "languages", "language", "authors", "doi", "pmcid", "keywords",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), values | st.lists(values, max_size=2), min_size=3))
def test_any_values_give_an_article_or_one_rejection(
    tmp_path_factory: pytest.TempPathFactory, record: dict[str, object]
) -> None:
    rejected: list[RecordError] = []
    path = written(tmp_path_factory.mktemp("jsonl"), record)
    articles = list(read_jsonl(path, on_reject=rejected.append))
    assert len(articles) + len(rejected) == 1


@pytest.mark.data
@needs_data
@pytest.mark.parametrize(
    ("name", "count", "with_pmid"), [("abstracts.jsonl.gz", 23_118, 9_456), ("scifact/corpus.jsonl.gz", 5_183, 0)]
)
def test_real_files_are_read_whole(name: str, count: int, with_pmid: int) -> None:
    pmids = [article.pmid for article in read_jsonl(DATA / name)]
    assert len(pmids) == len(set(pmids)) == count
    assert sum(pmid < 1 << 50 for pmid in pmids) == with_pmid
