"""resolve: which articles of the index references mean.

An identifier is looked up and its article held against the rest of the reference: where they speak of different papers
the reference is a conflict, which is how invented references look. Without an identifier that the index knows, articles
with the same words are compared with what the reference says, and only one that fits clearly better than all others is
taken. Retracted articles are found like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from retrieval.errors import ArticleNotFoundError
from retrieval.index.interface import NO_CONDITION, IndexedArticle
from retrieval.query import Clause, Constraint
from retrieval.records import LOCAL_PMID_FLOOR
from retrieval.references.likeness import words
from retrieval.references.matching import Match, differences, match
from retrieval.references.named import clean_pmcid
from retrieval.references.records import Candidate, Reference, Resolution, ResolutionStatus
from retrieval.search import Searcher

_Kind = Literal["pmid", "doi", "pmcid", "id"]

# Measured by `python -m benchmarks.references`.
TAKEN: Final = 0.78
"""The score from which an article is taken whose author and journal are not those of the reference."""
LIKELY: Final = 0.7
"""The score from which it is shown as a candidate."""
_TITLE_TAKEN: Final = 0.85
"""What the title must reach to be taken with one other thing that agrees."""
_POOR_TITLE_TAKEN: Final = 0.7
"""The same where author, journal, year and volume or page agree."""
_BARE_TITLE_TAKEN: Final = 0.97
"""The same where nothing but the title speaks for the article."""
_SHORTEST_BARE_TITLE: Final = 4  # words
_APART: Final = 0.03
"""Two articles that score closer than this cannot be told apart."""
_OTHER_PAPER: Final = 0.5
"""A title less alike than this is another paper's."""
_SAME_PLACE: Final = frozenset({"author", "year", "volume", "pages"})
_READ: Final = 20
"""Articles that are compared with a reference."""
_AT_PLACE: Final = 200
"""Articles of one author and year that are looked through for a volume and page."""
_SHOWN: Final = 5


class _LookUp(NamedTuple):
    kind: _Kind
    named: str
    """As people write it: "PMID 29952771"."""
    found: IndexedArticle | None


def resolve(references: Iterable[Reference], searcher: Searcher) -> list[Resolution]:
    """One resolution for each reference, in their order."""
    return [_resolved(reference, searcher) for reference in references]


def _resolved(reference: Reference, searcher: Searcher) -> Resolution:
    looked_up = list(_looked_up(reference, searcher))
    hits = [one for one in looked_up if one.found]
    if not hits:
        return _by_words(reference, looked_up, searcher)
    first = hits[0]
    others = [one for one in hits if one.found and first.found and one.found.article.pmid != first.found.article.pmid]
    if others:
        told = f"{first.named} and {others[0].named} are different articles"
        return _conflict(reference, [match(reference, one.found) for one in (first, *others) if one.found], told)
    assert first.found is not None  # noqa: S101 - hits have one
    compared = match(reference, first.found)
    if _is_other_paper(compared):
        meant = [found for found in _alike(reference, searcher) if found.score >= LIKELY]
        record = f"{first.named} is {_shown(first.found)}"
        told = (
            f"{record}, not what the reference says" if compared.title is None else f"{record}, which is another title"
        )
        return _conflict(reference, [*meant, compared], told)
    return Resolution(
        reference=reference,
        status=ResolutionStatus.RESOLVED,
        how=first.kind,
        score=compared.score if compared.title is not None or compared.parts else 1.0,
        found=first.found,
        differences=differences(reference, first.found.article),
    )


def _looked_up(reference: Reference, searcher: Searcher) -> Iterator[_LookUp]:
    """Each identifier that the index can look up, with the article that has it."""
    reader = searcher.reader
    if reference.pmid:
        yield _LookUp("pmid", f"PMID {reference.pmid}", reader.articles([reference.pmid]).get(reference.pmid))
    if reference.doi:
        clause = Clause(field="doi", value=reference.doi)
        keys = [one.pmid for one in reader.lexical("", _constraint(clause), 2)]
        stored = reader.articles(keys)
        yield _LookUp("doi", f"DOI {reference.doi}", stored[keys[0]] if keys else None)
    if reference.source_id:
        try:
            yield _LookUp("id", reference.source_id, searcher.article(reference.source_id))
        except ArticleNotFoundError:
            yield _LookUp("id", reference.source_id, None)


def _by_words(reference: Reference, looked_up: Sequence[_LookUp], searcher: Searcher) -> Resolution:
    """By its title, or without one by author, year, volume and page."""
    unknown = " and ".join(one.named for one in looked_up)
    best = _alike(reference, searcher)
    how: Literal["title", "citation"] = "title"
    if not (best and _is_taken(best[0])):
        placed = _at_its_place(reference, searcher)
        if placed:
            best, how = placed, "citation"
    if best and best[0].score >= LIKELY and (contrary := _other_identifier(reference, best[0].found)):
        return _conflict(reference, best[:1], f"the title is that of {_name(best[0].found)}, which has {contrary}")
    if best and (how == "citation" or _is_taken(best[0])):
        rivals = [one for one in best[1:] if best[0].score - one.score < _APART and one.score >= LIKELY]
        if original := _original([best[0], *rivals]):
            best, rivals = [original], []
        if rivals:
            told = f"{1 + len(rivals)} articles fit alike"
            return _unsettled(reference, ResolutionStatus.AMBIGUOUS, [best[0], *rivals], told)
        return Resolution(
            reference=reference,
            status=ResolutionStatus.RESOLVED,
            how=how,
            score=best[0].score,
            found=best[0].found,
            differences=differences(reference, best[0].found.article),
        )
    likely = [one for one in best if one.score >= LIKELY and (one.title or 0.0) >= LIKELY]
    if likely:
        told = "articles like it were found, none of which fits well enough to be taken"
        return _unsettled(reference, ResolutionStatus.AMBIGUOUS, likely, told)
    return _unsettled(reference, ResolutionStatus.NOT_FOUND, (), _absent(reference, unknown))


def _absent(reference: Reference, unknown: str) -> str:
    if reference.title or reference.volume:
        tried = f"{unknown} is not in the index, and no" if unknown else "no"
        return f"{tried} article of it fits the words of the reference"
    if reference.pmcid and not unknown:
        return f"{reference.pmcid} alone cannot be looked up; give the PMID, the DOI or the title"
    return f"{unknown} is not in the index"


def _alike(reference: Reference, searcher: Searcher) -> list[Match]:
    """Articles with the words of the reference's title, best match first."""
    text = " ".join(words(reference.title))
    if not text:
        return []
    reader = searcher.reader
    keys = [one.pmid for one in reader.lexical(text, NO_CONDITION, _READ)]
    return _ranked(reference, [found for key, found in reader.articles(keys).items() if key in keys])


def _at_its_place(reference: Reference, searcher: Searcher) -> list[Match]:
    """The articles with this author, year, volume and first page: few enough to need no title."""
    placed = reference.first_author and reference.year and reference.volume and reference.pages
    # A title that no article has speaks against them all.
    if not placed or reference.title:
        return []
    author = Clause(field="author", value=reference.first_author)
    when = Clause(field="year", value=str(reference.year), year_from=reference.year, year_to=reference.year)
    reader = searcher.reader
    keys = [one.pmid for one in reader.lexical("", _constraint(author, when), _AT_PLACE)]
    compared = _ranked(reference, list(reader.articles(keys).values()))
    return [one for one in compared if _is_there(one)]


def _is_there(one: Match) -> bool:
    same = {name for name, value in one.parts.items() if value == 1}
    return same >= _SAME_PLACE and ("journal" in same or "journal" not in one.parts)


def _ranked(reference: Reference, found: Sequence[IndexedArticle]) -> list[Match]:
    return sorted((match(reference, one) for one in found), key=lambda one: (-one.score, one.found.article.pmid))


def _original(rivals: Sequence[Match]) -> Match | None:
    """PubMed's record where all others are copies of it from elsewhere, with the same title."""
    from_pubmed = [one for one in rivals if one.found.article.pmid < LOCAL_PMID_FLOOR]
    titles = {words(one.found.article.title) for one in rivals}
    return from_pubmed[0] if len(from_pubmed) == 1 and len(titles) == 1 else None


def _is_taken(best: Match) -> bool:
    """Whether an article fits so well that it must be the one: the worse its title, the more else has to agree."""
    if best.title is None or best.title < _POOR_TITLE_TAKEN:
        return False
    parts = best.parts
    same_author, same_journal = parts.get("author") == 1, parts.get("journal") == 1
    same_place = [parts.get("volume"), parts.get("pages")].count(1)
    if best.title < _TITLE_TAKEN:
        return same_author and same_journal and bool(same_place) and parts.get("year", 1) > 0
    if same_author and (same_journal or same_place == 2):
        return True
    if best.score < TAKEN:
        return False
    if best.agreeing:
        return best.agreeing >= best.disagreeing or best.title >= _BARE_TITLE_TAKEN
    is_long = len(words(best.found.article.title)) >= _SHORTEST_BARE_TITLE
    return best.title >= _BARE_TITLE_TAKEN and is_long and best.disagreeing < 2


def _is_other_paper(compared: Match) -> bool:
    """Whether the reference's words speak of another paper than its identifier does."""
    if compared.title is not None:
        return compared.title < _OTHER_PAPER
    return compared.disagreeing >= 2 and not compared.agreeing


def _other_identifier(reference: Reference, found: IndexedArticle) -> str:
    """The identifier of an article where the reference gives a different one of that kind."""
    article = found.article
    if reference.pmid and article.pmid < LOCAL_PMID_FLOOR and reference.pmid != article.pmid:
        return f"PMID {article.pmid}, not {reference.pmid}"
    if reference.doi and article.doi and reference.doi != article.doi.lower():
        return f"DOI {article.doi}, not {reference.doi}"
    if reference.pmcid and article.pmcid and reference.pmcid != clean_pmcid(article.pmcid):
        return f"{article.pmcid}, not {reference.pmcid}"
    return ""


def _conflict(reference: Reference, mixed: Sequence[Match], reason: str) -> Resolution:
    return _unsettled(reference, ResolutionStatus.CONFLICT, mixed, reason)


def _unsettled(reference: Reference, status: ResolutionStatus, seen: Sequence[Match], reason: str) -> Resolution:
    candidates: dict[int, Candidate] = {}
    for one in seen:
        candidates.setdefault(one.found.article.pmid, Candidate(one.found, one.score))
    return Resolution(reference=reference, status=status, candidates=tuple(candidates.values())[:_SHOWN], reason=reason)


def _name(found: IndexedArticle) -> str:
    article = found.article
    return f"PMID {article.pmid}" if article.pmid < LOCAL_PMID_FLOOR else article.id


def _shown(found: IndexedArticle) -> str:
    title = found.article.title
    return repr(title if len(title) <= 100 else f"{title[:99]}…")


def _constraint(*clauses: Clause) -> Constraint:
    return Constraint(filters=NO_CONDITION.filters, required=clauses)
