"""The one-line citation."""

import pytest

from retrieval.citations import cite, cite_source
from retrieval.records import Article, Author, Book, Journal, PartialDate

AUTHORS = tuple(Author(last_name=f"Author{letter}", initials=letter) for letter in "ABCD")
JOURNAL = Journal(title="The journal of pathology", abbreviation="J Pathol", volume="247", issue="5")
DATE = PartialDate(sortable="2019-04-01", precision="month", raw="2019 Apr")


@pytest.mark.parametrize(
    ("article", "line"),
    [
        (
            Article(
                pmid=30582154,
                title="What is a tumour bud?",
                authors=AUTHORS[:2],
                journal=JOURNAL,
                published=DATE,
                pages="547-9",
                doi="10.5555/x",
                pmcid="PMC7",
            ),
            "AuthorA A, AuthorB B. What is a tumour bud? J Pathol. 2019 Apr;247(5):547-9. doi:10.5555/x. "
            "PMID: 30582154. PMCID: PMC7.",
        ),
        (
            Article(pmid=7, title="Title.", authors=AUTHORS),
            "AuthorA A, AuthorB B, AuthorC C, et al. Title. PMID: 7.",
        ),
        (
            Article(
                pmid=7, title="Über Zellen.", title_translated=True, authors=(Author(collective_name="The Group"),)
            ),
            "The Group. [Über Zellen] PMID: 7.",
        ),
        (Article(pmid=2**50 + 3, source_id="scifact:4983", title="A claim"), "A claim. scifact:4983."),
        (Article(pmid=8, title="Gene.", book=Book(title="GeneReviews")), "Gene. GeneReviews. PMID: 8."),
        (Article(pmid=9), "PMID: 9."),
    ],
)
def test_citation(article: Article, line: str) -> None:
    assert cite(article) == line


def test_without_the_title() -> None:
    article = Article(pmid=7, title="Title.", authors=AUTHORS[:1], journal=JOURNAL, published=DATE)
    assert cite_source(article) == "AuthorA A. J Pathol. 2019 Apr;247(5). PMID: 7."
