"""Generated articles with vectors, as many as one likes: real sentences, shuffled among articles about the same thing.

    uv run pathlit index ../shared/data/abstracts.jsonl.gz --home HOME     makes the home folder that they are made from
    uv run python -m benchmarks.generated --home HOME --articles 10000     says what they are like

Words, lengths and term statistics are those of the real abstracts. An article's vector is the weighted mean of the
vectors of the abstracts that it was mixed from, with a little noise. Everything else about it is drawn at random, in
shares like PubMed's. The same seed gives the same articles; memory does not grow with their number.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.data import DATA
from evaluation.datasets import read_pubmedqa, read_queries
from indexing.catalog import Catalog
from indexing.embeddings import EmbeddingCache
from retrieval.encoders.base import Vectors
from retrieval.encoders.text import TextEncoder
from retrieval.records import Article, Author, Journal, MeshHeading, PartialDate, Section, Term
from retrieval.sentences import split_sentences

BLOCK = 1_000
FIRST_PMID = 1_000_000
_SOURCES = 3
_NEIGHBOURS = 32
_NOISE = 0.35
"""Length of the noise beside a vector of length 1."""
_STRUCTURED, _RETRACTED, _FOREIGN, _HUMAN = 0.35, 0.003, 0.08, 0.7
_LABELS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
_TYPES = (
    ("Review", "D016454", 0.11),
    ("Case Reports", "D002363", 0.06),
    ("Randomized Controlled Trial", "D016449", 0.02),
)
_LANGUAGES = ("ger", "fre", "chi", "jpn", "spa", "rus")
_JOURNALS, _HEADINGS, _AUTHORS, _REFERENCES, _NAMES = 5_000, 10, 5, 20, 20_000


class Material(NamedTuple):
    """The real abstracts that articles are mixed from."""

    titles: list[list[str]]
    """Words."""
    sentences: list[list[str]]
    vectors: Vectors
    """Shape (n, dimension), of length 1."""
    neighbours: npt.NDArray[np.int32]
    """Shape (n, some): those whose vectors are nearest, itself first."""
    headings: list[str]
    """Names of MeSH headings, in an order of their own: the first ones are drawn most."""


class Block(NamedTuple):
    articles: list[Article]
    """By rising PMID."""
    vectors: npt.NDArray[np.float16]
    """Shape (len(articles), dimension), of length 1."""


def material(home: Path, encoder_id: str, dimension: int) -> Material:
    """Reads a home folder that was indexed from real abstracts by this encoder."""
    titles, sentences, hashes = [], [], []
    with Catalog.open(home / "catalog.sqlite", read_only=True) as catalog:
        for entry in catalog.articles():
            abstract = entry.article.abstract
            titles.append(entry.article.title.split())
            sentences.append([abstract[start:end] for start, end in split_sentences(abstract)])
            hashes.append(entry.content_hash)
    kept = EmbeddingCache(home / "embeddings.sqlite").read(encoder_id, hashes, dimension)
    vectors = unit(np.concatenate(list(kept)).astype(np.float32))
    return Material(titles, sentences, vectors, _neighbours(vectors), _headings())


def generated(source: Material, count: int, seed: int = 8) -> Iterator[Block]:
    """`count` articles in blocks; a block depends on the seed and on its number alone."""
    names = _names()
    for number, start in enumerate(range(0, count, BLOCK)):
        rng = np.random.default_rng([seed, number])
        yield _block(source, names, rng, FIRST_PMID + start, min(BLOCK, count - start))


def real_queries(count: int, seed: int = 8) -> list[str]:
    """Claims, questions and titles that people wrote, a third each, in an order of their own."""
    rng = np.random.default_rng(seed)
    claims = [text for _, text in read_queries(DATA / "scifact" / "queries_train.tsv.gz")]
    questions = list(read_pubmedqa(DATA / "pubmedqa" / "ori_pqal.json.gz").queries.values())
    with gzip.open(DATA / "abstracts.jsonl.gz", "rt", encoding="utf-8") as lines:
        titles = [title for line in lines if (title := msgspec.json.decode(line)["title"])]
    share = -(-count // 3)
    chosen = [texts[i] for texts in (claims, questions, titles) for i in rng.choice(len(texts), share, replace=False)]
    return [chosen[i] for i in rng.permutation(len(chosen))[:count]]


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), dtype=np.float32)


# --- Inside ---------------------------------------------------------------------------------------------------------


def _block(source: Material, names: list[str], rng: np.random.Generator, first: int, size: int) -> Block:
    mains = rng.integers(len(source.titles), size=size)
    partners = rng.integers(1, source.neighbours.shape[1], size=(size, _SOURCES - 1))
    chosen = np.column_stack([mains, source.neighbours[mains[:, None], partners]])
    weights = -np.sort(-rng.dirichlet(np.full(_SOURCES, 2.0), size=size), axis=1)
    vectors = unit(np.einsum("as,asd->ad", weights, source.vectors[chosen]).astype(np.float32))
    vectors += _NOISE * unit(rng.standard_normal(vectors.shape, dtype=np.float32))
    years = np.maximum(1950, 2025 - rng.exponential(14, size=size).astype(int))
    drawn = _Drawn(
        years.tolist(),
        _zipf(rng, _JOURNALS, size).tolist(),
        _zipf(rng, len(source.headings), (size, _HEADINGS)).tolist(),
        rng.integers(_NAMES, size=(size, _AUTHORS + 8)).tolist(),
        rng.integers(FIRST_PMID, 40_000_000, size=(size, _REFERENCES)).tolist(),
        rng.random((size, 8)).tolist(),
    )
    ends = np.cumsum(weights, axis=1)
    articles = []
    for row, sources in enumerate(chosen.tolist()):
        length = max(3, len(source.sentences[sources[0]]))
        which = np.minimum(np.searchsorted(ends[row], rng.random(length)), _SOURCES - 1).tolist()
        title, sentences = _mixed(source, sources, which)
        articles.append(_article(first + row, title, sentences, drawn, row, source.headings, names))
    return Block(articles, unit(vectors).astype(np.float16))


class _Drawn(NamedTuple):
    """What chance says of each article of a block."""

    years: list[int]
    journals: list[int]
    headings: list[list[int]]
    names: list[list[int]]
    references: list[list[int]]
    shares: list[list[float]]


def _mixed(source: Material, sources: list[int], which: list[int]) -> tuple[str, list[str]]:
    """Half a title of each of the first two, and sentences at about the place where they stood."""
    words, others = source.titles[sources[0]], source.titles[sources[1]]
    title = " ".join([*words[: (len(words) + 1) // 2], *others[len(others) // 2 :]])
    sentences = []
    for place, number in enumerate(which):
        texts = source.sentences[sources[number]] or source.sentences[sources[0]]
        if texts:
            sentences.append(texts[place * len(texts) // len(which)])
    return title, sentences


def _article(
    pmid: int, title: str, sentences: list[str], drawn: _Drawn, row: int, headings: list[str], names: list[str]
) -> Article:
    structured, retracted, foreign, human, *kinds = drawn.shares[row]
    people = [names[i] for i in drawn.names[row]]
    types = [Term("Journal Article", "D016428")]
    types += [Term(name, ui) for (name, ui, share), chance in zip(_TYPES, kinds, strict=False) if chance < share]
    if retracted < _RETRACTED:
        types.append(Term("Retracted Publication", "D016441"))
    found = dict.fromkeys([*(["Humans"] if human < _HUMAN else []), *(headings[i] for i in drawn.headings[row])])
    year, journal = drawn.years[row], drawn.journals[row]
    return Article(
        pmid=pmid,
        title=title,
        sections=_sections(sentences) if structured < _STRUCTURED else (Section(" ".join(sentences)),),
        authors=tuple(
            Author(name, other, name[0] + other[0], affiliations=(f"Department of {' '.join(people[_AUTHORS:])}.",))
            for name, other in pairwise(people[: _AUTHORS + 1])
        ),
        journal=Journal(f"Generated Journal {journal}", f"Gen J {journal}", f"{journal:04}-0000", str(journal)),
        published=PartialDate(f"{year}-01-01", "year", str(year)),
        doi=f"10.0000/generated.{pmid}",
        mesh=tuple(MeshHeading(name, f"D{headings_code(name):06}") for name in found),
        publication_types=tuple(types),
        languages=(_LANGUAGES[pmid % len(_LANGUAGES)] if foreign < _FOREIGN else "eng",),
        references=tuple(drawn.references[row]),
        status="MEDLINE",
        revised=f"{year}-12-31",
    )


@cache
def headings_code(name: str) -> int:
    """A number in place of NLM's identifier, the same for the same name."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(name)) % 1_000_000


def _sections(sentences: list[str]) -> tuple[Section, ...]:
    cuts = [len(sentences) * part // len(_LABELS) for part in range(len(_LABELS) + 1)]
    parts = ((label, " ".join(sentences[a:b])) for label, a, b in zip(_LABELS, cuts, cuts[1:], strict=False))
    return tuple(Section(text, label, label) for label, text in parts if text)


def _zipf(rng: np.random.Generator, among: int, size: int | tuple[int, int]) -> npt.NDArray[np.int64]:
    """Numbers below `among`; the nth is drawn about in proportion to 1/n."""
    drawn = np.exp(rng.random(size) * np.log(among + 1)).astype(np.int64) - 1
    return np.asarray(np.minimum(among - 1, drawn), dtype=np.int64)


def _neighbours(vectors: Vectors) -> npt.NDArray[np.int32]:
    count = min(_NEIGHBOURS + 1, len(vectors))
    found = np.empty((len(vectors), count), dtype=np.int32)
    for start in range(0, len(vectors), BLOCK):
        scores = vectors[start : start + BLOCK] @ vectors.T
        best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        found[start : start + BLOCK] = np.take_along_axis(best, order, axis=1)
    return found


def _headings() -> list[str]:
    """Distinct names of the MeSH tree, in an order that has nothing to do with the tree."""
    with gzip.open(DATA / "mesh" / "mesh2020.nodes.tsv.gz", "rt", encoding="utf-8") as lines:
        names = list(dict.fromkeys(line.rstrip("\n").split("\t")[1] for line in lines if "." in line.split("\t")[0]))
    return [names[i] for i in np.random.default_rng(0).permutation(len(names))]


def _names() -> list[str]:
    rng = np.random.default_rng(1)
    letters = rng.integers(26, size=(_NAMES, 9)).tolist()
    lengths = rng.integers(4, 10, size=_NAMES).tolist()
    return ["".join(chr(97 + x) for x in row[:n]).title() for row, n in zip(letters, lengths, strict=True)]


def main() -> None:

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=10_000)
    arguments = parser.parse_args()
    spec = TextEncoder().spec
    source = material(arguments.home, spec.id, spec.dimension)
    start, json, words, retracted = perf_counter(), 0, 0, 0
    for block in generated(source, arguments.articles):
        json += sum(len(msgspec.json.encode(article)) for article in block.articles)
        words += sum(len(article.abstract.split()) for article in block.articles)
        retracted += sum(article.publication_types[-1].ui == "D016441" for article in block.articles)
    seconds, count = perf_counter() - start, arguments.articles
    print(f"{count:,} articles from {len(source.titles):,} in {seconds:.1f} s: {count / seconds:,.0f}/s")
    print(
        f"a mean of {json / count:,.0f} bytes of JSON, {words / count:.0f} words of abstract; {retracted:,} retracted"
    )


if __name__ == "__main__":
    main()
