"""How many references are resolved to the right article, and how many to a wrong one?

    python -m benchmarks.references

The index holds the real PubMed records but 400, and the 23,118 abstracts as distractors. References to 300 articles are
printed in three styles and damaged: typing errors, a title cut short, a wrong year, swapped digits, all of these. The
400 that the index lacks, titles put together from two others, and PMIDs with another paper's title are what must not
be resolved. Intervals are exact binomial ones, 95 %.
"""

from __future__ import annotations

import random
import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace
from scipy.stats import binomtest

from benchmarks.data import CACHE, DATA, heading
from indexing.build import build_generation
from indexing.catalog import Catalog
from indexing.embeddings import EmbeddingCache
from indexing.ingest import find_files, ingest
from retrieval.analysis import Analyzer
from retrieval.index.embedded import EmbeddedReader
from retrieval.index.generation import GenerationStore
from retrieval.records import LOCAL_PMID_FLOOR, Article, Deletion, Journal, PartialDate
from retrieval.references import Reference, Resolution, ResolutionStatus, parse_references, resolve
from retrieval.references.likeness import words
from retrieval.search import Searcher

_ASKED: Final = 300
_HELD_OUT: Final = 400
_SEED: Final = 20_261_121
_HOME: Final = CACHE / "references"


class Printed(NamedTuple):
    text: str
    meant: Article | None
    """None where nothing in the index is meant."""


# --- The index ------------------------------------------------------------------------------------------------------


def prepare() -> tuple[Searcher, list[Article], list[Article]]:
    """A searcher, articles of its index, and articles that it lacks; each with authors, journal, volume and pages."""
    shutil.rmtree(_HOME, ignore_errors=True)
    _HOME.mkdir(parents=True)
    analyzer = Analyzer()
    store = GenerationStore(_HOME / "generations")
    with Catalog.open(_HOME / "catalog.sqlite") as catalog:
        files = [path for path in find_files([DATA / "pubmed_xml"]) if "malformed" not in path.parts]
        ingest(files, catalog)
        usable = [a for a in _records(catalog) if _is_usable(a)]
        drawn = random.Random(_SEED).sample(usable, _HELD_OUT + _ASKED)
        held_out, asked = drawn[:_HELD_OUT], drawn[_HELD_OUT:]
        ingest([DATA / "abstracts.jsonl.gz"], catalog)
        # Once the abstracts brought some of them back.
        catalog.apply([Deletion(pmid=a.pmid) for a in held_out], source="held out")
        report = build_generation(catalog, store, EmbeddingCache(_HOME / "embeddings.sqlite"), analyzer, None, keep=1)
    print(f"index of {report.articles:,} articles, {len(usable):,} usable PubMed records")
    reader = EmbeddedReader.open(store.folder(store.current()), analyzer)
    searcher = Searcher(reader, generation=reader.manifest.generation, analyzer=analyzer, encoder=None)
    return searcher, asked, held_out


def _records(catalog: Catalog) -> Iterator[Article]:
    for indexed in catalog.articles():
        yield indexed.article


def _is_usable(article: Article) -> bool:
    return bool(
        article.pmid < LOCAL_PMID_FLOOR
        and len(words(article.title)) >= 3
        and article.authors
        and article.authors[0].last_name
        and article.journal.volume
        and article.pages
        and article.year
    )


# --- Printing -------------------------------------------------------------------------------------------------------


def vancouver(article: Article) -> str:
    names = ", ".join(author.name for author in article.authors[:6]) + (", et al" if len(article.authors) > 6 else "")
    journal, date = article.journal, article.published or article.published_online
    when = date.raw if date and str(article.year) in date.raw else str(article.year)
    issue = f"({journal.issue})" if journal.issue else ""
    title = article.title.rstrip(".")
    return f"{names}. {title}. {_short(journal)}. {when};{journal.volume}{issue}:{article.pages}."


def apa(article: Article) -> str:
    names = [f"{a.last_name}, {'. '.join(a.initials)}." for a in article.authors if a.last_name][:7]
    listed = ", ".join(names[:-1]) + f", & {names[-1]}" if len(names) > 1 else names[0]
    journal = article.journal
    issue = f"({journal.issue})" if journal.issue else ""
    title = article.title.rstrip(".")
    return f"{listed} ({article.year}). {title}. {journal.title}, {journal.volume}{issue}, {article.pages}."


def nature(article: Article) -> str:
    first = article.authors[0]
    name = f"{first.last_name}, {'. '.join(first.initials)}."
    listed = f"{name} et al." if len(article.authors) > 1 else name
    dotted = " ".join(f"{word}." for word in _short(article.journal).split())
    return f"{listed} {article.title.rstrip('.')}. {dotted} {article.journal.volume}, {article.pages} ({article.year})."


STYLES: Final = {"vancouver": vancouver, "apa": apa, "nature": nature}


def _short(journal: Journal) -> str:
    return journal.abbreviation or journal.title


# --- Damage ---------------------------------------------------------------------------------------------------------

Damage = Callable[[Article, random.Random], Article]


def typos(article: Article, chance: random.Random) -> Article:
    """Three letters of the title left out, doubled or swapped with the next."""
    title = list(article.title)
    for _ in range(3):
        at = chance.randrange(len(title) - 1)
        match chance.randrange(3):
            case 0:
                del title[at]
            case 1:
                title.insert(at, title[at])
            case _:
                title[at], title[at + 1] = title[at + 1], title[at]
    return replace(article, title="".join(title))


def cut_short(article: Article, _: random.Random) -> Article:
    parts = article.title.split()
    return replace(article, title=" ".join(parts[: max(4, round(len(parts) * 0.6))]))


def wrong_year(article: Article, chance: random.Random) -> Article:
    year = str((article.year or 0) + chance.choice((-3, -2, -1, 1, 2, 3)))
    return replace(article, published=PartialDate(sortable=f"{year}-01-01", precision="year", raw=year))


def swapped_digits(article: Article, chance: random.Random) -> Article:
    journal = replace(article.journal, volume=_swapped(article.journal.volume, chance))
    return replace(article, journal=journal, pages=_swapped(article.pages, chance))


def everything(article: Article, chance: random.Random) -> Article:
    for damage in (typos, wrong_year, swapped_digits):
        article = damage(article, chance)
    return article


def nothing(article: Article, _: random.Random) -> Article:
    return article


DAMAGES: Final[dict[str, Damage]] = {
    "as printed": nothing,
    "typing errors": typos,
    "title cut short": cut_short,
    "wrong year": wrong_year,
    "swapped digits": swapped_digits,
    "typing errors, wrong year and swapped digits": everything,
}


def _swapped(text: str, chance: random.Random) -> str:
    """Two neighbouring digits change places; a single one becomes another."""
    digits = [found.start() for found in re.finditer(r"\d", text)]
    pairs = [at for at in digits if at + 1 in digits and text[at] != text[at + 1]]
    if pairs:
        at = chance.choice(pairs)
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if digits:
        at = chance.choice(digits)
        return text[:at] + str((int(text[at]) + chance.randint(1, 9)) % 10) + text[at + 1 :]
    return text


# --- What does not exist --------------------------------------------------------------------------------------------


def put_together(real: Sequence[Article], chance: random.Random) -> Iterator[Article]:
    """Half of one title and half of another, with a third paper's authors, journal and place."""
    for _ in range(_ASKED):
        one, other, third = chance.sample(real, 3)
        left, right = one.title.split(), other.title.split()
        yield replace(third, title=" ".join(left[: len(left) // 2] + right[len(right) // 2 :]))


def other_subject(real: Sequence[Article], chance: random.Random) -> Iterator[Article]:
    """A real paper's authors, journal, year, volume and pages under a title that its subject headings suggest."""
    forms = ("The role of {} in {}: a retrospective study", "{} and {} as prognostic factors", "{} in patients with {}")
    with_terms = [a for a in real if len(a.mesh) >= 2]
    for _ in range(_ASKED):
        article = chance.choice(with_terms)
        yield replace(article, title=chance.choice(forms).format(*(m.name for m in chance.sample(article.mesh, 2))))


def altered(real: Sequence[Article], chance: random.Random) -> Iterator[Article]:
    """A real title with two of its long words replaced, under another paper's authors, journal and place."""
    vocabulary = sorted({word for a in real for word in a.title.split() if len(word) > 6})
    for _ in range(_ASKED):
        one, other = chance.sample(real, 2)
        title = one.title.split()
        for at in chance.sample(range(len(title)), 2):
            title[at] = chance.choice(vocabulary)
        yield replace(other, title=" ".join(title))


# --- Measuring ------------------------------------------------------------------------------------------------------


def main() -> None:
    print(heading("References"))
    searcher, asked, held_out = prepare()
    everybody = [*asked, *held_out]
    print("\nReferences to articles of the index, without identifiers")
    for name, damage in DAMAGES.items():
        chance = random.Random(_SEED)
        _report(name, [Printed(style(damage(a, chance)), a) for style in STYLES.values() for a in asked], searcher)
    print("\nWith a PMID")
    _report("right PMID", [Printed(f"{vancouver(a)} PMID: {a.pmid}", a) for a in asked], searcher)
    chance = random.Random(_SEED)
    swapped = [Printed(f"{vancouver(a)} PMID: {_swapped(str(a.pmid), chance)}", a) for a in asked]
    _report("digits of the PMID swapped", swapped, searcher)
    print("\nWhat must not be resolved")
    styles = list(STYLES.values())
    _report("real, not in the index", [Printed(s(a), None) for s in styles for a in held_out], searcher)
    for make in (put_together, other_subject, altered):
        made = list(make(everybody, random.Random(_SEED)))
        _report(make.__name__.replace("_", " "), [Printed(s(a), None) for s in styles for a in made], searcher)
    crossed = [Printed(f"{vancouver(absent)} PMID: {a.pmid}", None) for a, absent in zip(asked, held_out, strict=False)]
    _report("another paper's PMID", crossed, searcher)


def _report(name: str, printed: Sequence[Printed], searcher: Searcher) -> None:
    references = [_one(one.text) for one in printed]
    took: list[float] = []
    found: list[Resolution] = []
    for reference in references:
        started = time.perf_counter()
        found += resolve([reference], searcher)
        took.append(time.perf_counter() - started)
    resolved = [r.found.article if r.found else None for r in found]
    right = sum(_same(a, p.meant) for a, p in zip(resolved, printed, strict=True))
    wrong = sum(a is not None and not _same(a, p.meant, p.text) for a, p in zip(resolved, printed, strict=True))
    count = len(printed)
    statuses = {status.value: sum(r.status is status for r in found) for status in ResolutionStatus}
    others = ", ".join(f"{statuses[s]} {s}" for s in ("ambiguous", "not_found", "conflict"))
    if printed[0].meant is not None:
        told = f"right {_share(right, count)}  wrong {_share(wrong, count)}"
    else:
        told = f"resolved {_share(wrong, count)}"
    print(f"  {name:46} n={count:4}  {told}  ({others}; {statistics.median(took) * 1000:.0f} ms)")
    for reference, article, one in zip(references, resolved, printed, strict=True):
        if article is not None and not _same(article, one.meant, one.text):
            print(f"      wrong: {reference.raw[:150]!r} -> {article.pmid} {article.title[:90]!r}")


def _one(text: str) -> Reference:
    found = parse_references(text, "text")
    assert len(found) == 1, text
    assert isinstance(found[0], Reference), text
    return found[0]


def _same(article: Article | None, meant: Article | None, text: str = "") -> bool:
    """The article itself, or a copy of it from another source: the corpora overlap."""
    if article is None:
        return False
    if meant is not None and (article.pmid == meant.pmid or words(article.title) == words(meant.title)):
        return True
    return bool(text) and article.pmid >= LOCAL_PMID_FLOOR and " ".join(words(article.title)) in " ".join(words(text))


def _share(count: int, of: int) -> str:
    interval = binomtest(count, of).proportion_ci(method="exact")
    return f"{count / of:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


if __name__ == "__main__":
    main()
