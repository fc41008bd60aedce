"""Imported notices in the catalog: whom they concern, how they are replaced, and that articles() weighs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexing.catalog import Catalog
from indexing.notices import Notice, NoticeBook, bare_doi
from retrieval.errors import CatalogError, InputError
from retrieval.records import LOCAL_PMID_FLOOR, Article, Correction, Finding, IntegrityStatus

OK = IntegrityStatus.OK
CORRECTED = IntegrityStatus.CORRECTED
CONCERN = IntegrityStatus.CONCERN
WITHDRAWN = IntegrityStatus.WITHDRAWN
RETRACTED = IntegrityStatus.RETRACTED
RETRACTION_NOTICE = IntegrityStatus.RETRACTION_NOTICE

WATCH = "Retraction Watch"
PAPER = Article(pmid=1, doi="10.1000/Paper", title="paper")
NOTICE = Article(pmid=2, doi="10.1000/notice", title="notice")
BYSTANDER = Article(pmid=3, doi="10.1000/other", title="other")
LOCAL = Article(pmid=LOCAL_PMID_FLOOR + 5, doi="10.1000/PAPER", source_id="a:1", title="paper")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(tmp_path / "catalog.sqlite") as opened:
        opened.apply([PAPER, NOTICE, BYSTANDER, LOCAL], source="one")
        yield opened


def statuses(catalog: Catalog) -> list[IntegrityStatus]:
    return [entry.integrity.status for entry in catalog.articles()]


# Of the paper, the notice, the bystander, and the paper's local copy, which has a DOI and no PMID.
MATCHES = [
    ("by PMID", Notice(RETRACTED, pmid=1), [RETRACTED, OK, OK, OK]),
    ("by DOI, whatever its letters", Notice(RETRACTED, doi="10.1000/paper"), [RETRACTED, OK, OK, RETRACTED]),
    ("the PMID goes before the DOI", Notice(RETRACTED, pmid=3, doi="10.1000/paper"), [OK, OK, RETRACTED, RETRACTED]),
    ("unknown", Notice(RETRACTED, pmid=77, doi="10.1000/none"), [OK, OK, OK, OK]),
    (
        "the notice by PMID",
        Notice(RETRACTED, pmid=1, notice_pmid=2),
        [RETRACTED, RETRACTION_NOTICE, OK, OK],
    ),
    (
        "the notice by DOI",
        Notice(RETRACTED, pmid=1, notice_doi="10.1000/notice"),
        [RETRACTED, RETRACTION_NOTICE, OK, OK],
    ),
    (
        "the notice's PMID goes before its DOI",
        Notice(RETRACTED, pmid=1, notice_pmid=3, notice_doi="10.1000/notice"),
        [RETRACTED, OK, RETRACTION_NOTICE, OK],
    ),
    ("a notice at the paper's own PMID", Notice(RETRACTED, pmid=1, notice_pmid=1), [RETRACTED, OK, OK, OK]),
    (
        "a notice at the paper's own DOI",
        Notice(RETRACTED, doi="10.1000/paper", notice_doi="10.1000/paper"),
        [RETRACTED, OK, OK, RETRACTED],
    ),
    ("withdrawal", Notice(WITHDRAWN, pmid=1, notice_pmid=2), [WITHDRAWN, RETRACTION_NOTICE, OK, OK]),
    ("concern", Notice(CONCERN, pmid=1, notice_pmid=2), [CONCERN, IntegrityStatus.CONCERN_NOTICE, OK, OK]),
    ("correction", Notice(CORRECTED, pmid=1, notice_pmid=2), [CORRECTED, IntegrityStatus.ERRATUM_NOTICE, OK, OK]),
    ("reinstatement", Notice(OK, pmid=1, notice_pmid=2), [OK, OK, OK, OK]),
]


@pytest.mark.parametrize(("notice", "expected"), [row[1:] for row in MATCHES], ids=[row[0] for row in MATCHES])
def test_whom_a_notice_concerns(catalog: Catalog, notice: Notice, expected: list[IntegrityStatus]) -> None:
    catalog.put_notices(WATCH, [notice])
    assert statuses(catalog) == expected
    assert [catalog.get(article.pmid).integrity.status for article in (PAPER, NOTICE, BYSTANDER, LOCAL)] == expected


def test_articles_without_a_doi_are_not_taken_for_papers_without_one(catalog: Catalog) -> None:
    catalog.apply([Article(pmid=4, title="no doi")], source="two")
    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1, notice_pmid=2)])
    assert catalog.get(4).integrity.status is OK
    assert statuses(catalog)[3] is OK


def test_the_finding_says_who_when_why_and_where(catalog: Catalog) -> None:
    catalog.put_notices(WATCH, [Notice(RETRACTED, 1, "10.1000/paper", "2023-09-01", 2, "10.1000/notice", "Paper Mill")])
    assert catalog.get(1).integrity.findings == (
        Finding(
            RETRACTED,
            "Retraction Watch",
            "Retraction Watch: retraction (Paper Mill)",
            "2023-09-01",
            notice_pmid=2,
            notice_doi="10.1000/notice",
        ),
    )
    assert catalog.get(2).integrity.findings == (
        Finding(
            RETRACTION_NOTICE,
            "Retraction Watch",
            "Retraction Watch: notice of retraction (Paper Mill)",
            "2023-09-01",
            paper_pmid=1,
            paper_doi="10.1000/paper",
        ),
    )


def test_a_reinstated_paper_is_in_good_standing_unless_pubmed_says_otherwise(catalog: Catalog) -> None:
    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1, date="2020-01-31"), Notice(OK, pmid=1, date="2021-05-01")])
    assert catalog.get(1).integrity.status is OK
    assert [finding.lifted for finding in catalog.get(1).integrity.findings] == [False, True]
    catalog.apply([Article(pmid=9, corrections=(Correction("RetractionOf", 1),))], source="two")
    assert catalog.get(1).integrity.status is RETRACTED


def test_an_import_replaces_its_own_origin_and_no_other(catalog: Catalog) -> None:
    assert catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1), Notice(RETRACTED, pmid=2)]) == 2
    assert catalog.put_notices("our librarian", [Notice(CONCERN, pmid=3)]) == 1
    assert catalog.put_notices(WATCH, [Notice(CORRECTED, pmid=2)]) == 1
    assert catalog.notices() == ((WATCH, Notice(CORRECTED, pmid=2)), ("our librarian", Notice(CONCERN, pmid=3)))
    assert statuses(catalog) == [OK, CORRECTED, CONCERN, OK]
    assert catalog.put_notices("our librarian", []) == 0
    assert statuses(catalog) == [OK, CORRECTED, OK, OK]


def test_an_import_that_fails_changes_nothing(catalog: Catalog) -> None:
    def failing() -> Iterable[Notice]:
        yield Notice(RETRACTED, pmid=2)
        raise InputError("the file is cut off")

    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1)])
    fingerprint = catalog.fingerprint()
    with pytest.raises(InputError, match="the file is cut off"):
        catalog.put_notices(WATCH, failing())
    assert catalog.fingerprint() == fingerprint
    assert statuses(catalog) == [RETRACTED, OK, OK, OK]


def test_the_fingerprint_follows_the_notices_and_not_how_they_came(catalog: Catalog) -> None:
    without = catalog.fingerprint()
    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1), Notice(CONCERN, pmid=2)])
    with_notices = catalog.fingerprint()
    assert with_notices != without
    catalog.put_notices("our librarian", [Notice(CONCERN, pmid=3)])
    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=1), Notice(CONCERN, pmid=2)])
    catalog.put_notices("our librarian", [])
    assert catalog.fingerprint() == with_notices
    catalog.put_notices(WATCH, [])
    assert catalog.fingerprint() == without


@pytest.mark.parametrize("origin", ["", " ", "title", "PubMed CommentsCorrections", "PubMed publication type"])
def test_an_origin_needs_a_name_of_its_own(catalog: Catalog, origin: str) -> None:
    with pytest.raises(InputError, match="cannot be the origin of notices"):
        catalog.put_notices(origin, [])


def test_a_catalog_opened_for_reading_takes_no_notices(catalog: Catalog) -> None:
    with (
        Catalog.open(catalog.path, read_only=True) as reading,
        pytest.raises(CatalogError, match="opened for reading only"),
    ):
        reading.put_notices(WATCH, [])


def test_articles_keep_to_the_notices_that_they_began_with(catalog: Catalog) -> None:
    catalog.put_notices(WATCH, [Notice(RETRACTED, pmid=3)])
    reading = catalog.articles()
    next(reading)
    catalog.put_notices(WATCH, [])
    assert [entry.integrity.status for entry in reading] == [OK, RETRACTED, OK]


def test_the_papers_of_an_origin_are_counted(catalog: Catalog) -> None:
    notices = [
        Notice(RETRACTED, pmid=3, notice_pmid=2),
        Notice(CONCERN, pmid=3),
        Notice(RETRACTED, pmid=77),
        Notice(RETRACTED, doi="10.1000/paper"),
    ]
    catalog.put_notices(WATCH, notices[:3])
    catalog.put_notices("another", [Notice(RETRACTED, pmid=2)])
    assert catalog.count_articles_named(WATCH) == 1
    catalog.put_notices(WATCH, notices)
    assert catalog.count_articles_named(WATCH) == 3
    assert catalog.count_articles_named("nobody") == 0


def test_a_doi_is_compared_without_its_link_and_its_case() -> None:
    for written in (
        "10.1000/ABC",
        "https://doi.org/10.1000/abc",
        "http://dx.doi.org/10.1000/Abc",
        " DOI: 10.1000/abc ",
    ):
        assert bare_doi(written) == "10.1000/abc"


# --- Any notices, looked up through a book and one by one -------------------------------------------------------------

dois = st.sampled_from(["", "10.1/a", "10.1/b", "10.1/c"])
pmids = st.none() | st.integers(1, 4)
notices = st.builds(
    Notice,
    status=st.sampled_from([RETRACTED, WITHDRAWN, CONCERN, CORRECTED, OK]),
    pmid=pmids,
    doi=dois,
    date=st.sampled_from(["", "2020", "2021"]),
    notice_pmid=pmids,
    notice_doi=dois,
)
articles = st.builds(Article, pmid=st.integers(1, 4) | st.just(LOCAL_PMID_FLOOR), doi=dois)


def names(pmid: int | None, doi: str, article: Article) -> bool:
    if pmid is not None and article.pmid < LOCAL_PMID_FLOOR:
        return pmid == article.pmid
    return doi != "" and doi == article.doi


@given(listed=st.lists(notices, max_size=6), article=articles)
def test_the_book_finds_what_a_look_at_every_notice_finds(listed: list[Notice], article: Article) -> None:
    expected = sum(names(notice.pmid, notice.doi, article) for notice in listed)
    found = NoticeBook.of((WATCH, notice) for notice in listed).findings(article)
    assert sum(finding.status in {RETRACTED, WITHDRAWN, CONCERN, CORRECTED, OK} for finding in found) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listed=st.lists(notices, max_size=6), held=st.lists(articles, max_size=4, unique_by=lambda one: one.pmid))
def test_one_article_is_judged_as_among_all(
    tmp_path_factory: pytest.TempPathFactory, listed: list[Notice], held: list[Article]
) -> None:
    with Catalog.open(tmp_path_factory.mktemp("catalog") / "catalog.sqlite") as catalog:
        catalog.apply(held, source="one")
        catalog.put_notices(WATCH, listed)
        together = list(catalog.articles())
        assert together == [catalog.get(entry.article.pmid) for entry in together]
        counted = sum(any(names(n.pmid, n.doi, entry.article) for n in listed) for entry in together)
        assert catalog.count_articles_named(WATCH) == counted
