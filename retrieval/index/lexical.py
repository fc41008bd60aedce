"""The lexical leg: BM25 by tantivy over the analyzer's terms, which it indexes as they are.

Plain words are scored on one combined field, because two scored fields cost three times as much (173 ms against 53 ms
a query, measured on 5.3 million articles). It keeps positions, so that it serves phrases too; a field of the title
alone serves title:, keyword fields serve filters.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from weakref import finalize

import msgspec
import tantivy
from tantivy import Occur, Query, SchemaBuilder

from retrieval.analysis import Analyzer
from retrieval.classification import Classifier
from retrieval.errors import GenerationError
from retrieval.index.condition_notices import condition_notices
from retrieval.index.conditions import Conditions
from retrieval.index.facet_codes import FacetCoder
from retrieval.index.facets import FacetReader, add_facet_fields, save_facets
from retrieval.index.interface import FacetCounts, IndexedArticle, Scored, best_first, by_order
from retrieval.index.keywords import KEYWORDS, keywords
from retrieval.index.tantivy_clauses import TantivyClauses
from retrieval.index.words import WordQueries
from retrieval.mesh_tree import MeshTree, load_tree, save_tree
from retrieval.query import Constraint
from retrieval.records import FacetName
from retrieval.vocabulary.file import SynonymGroup

_WRITER_BYTES: Final = 512_000_000
_MESH_TREE: Final = "mesh-tree.json"
_NO_TREE: Final = MeshTree()
_TIE_MARGIN: Final = 16


def _schema() -> tantivy.Schema:
    builder = SchemaBuilder()
    builder.add_unsigned_field("pmid", indexed=True, fast=True)
    builder.add_unsigned_field("year", indexed=True, fast=True)
    for name in ("text", "title"):
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in KEYWORDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    add_facet_fields(builder)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


# --- Writing --------------------------------------------------------------------------------------------------------


class LexicalWriter:
    """Writes a tantivy index into an empty folder; `tree` is kept with it and adds to what tells an organ."""

    def __init__(self, folder: Path, analyzer: Analyzer, tree: MeshTree = _NO_TREE) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._tree = tree

    def write(self, articles: Iterable[IndexedArticle], *, threads: int = 2) -> int:
        """Index all articles and commit; returns how many."""
        self._folder.mkdir(parents=True)
        encoder = msgspec.json.Encoder()
        facets = FacetCoder(Classifier(self._analyzer, self._tree))
        count = 0
        try:
            writer = tantivy.Index(_schema(), str(self._folder)).writer(_WRITER_BYTES, threads)
            for indexed in articles:
                writer.add_document(self._document(indexed, encoder, facets))
                count += 1
            writer.commit()
            writer.wait_merging_threads()
            save_facets(facets.names(), self._folder)
            save_tree(self._tree, self._folder / _MESH_TREE)
        except (ValueError, OSError) as exc:
            raise GenerationError(
                f"the lexical index cannot be written after {count:,} articles: {self._reason(exc)}"
            ) from exc
        self._let_others_read()
        return count

    def _reason(self, error: Exception) -> str:
        """Tantivy says only that a thread of its has ended; the disk itself knows more."""
        free = shutil.disk_usage(self._folder).free
        if free >= _WRITER_BYTES:
            return str(error)
        return (
            f"the disk is full, or too full for the next part ({free / 1e6:,.0f} MB free in {self._folder.parent}): "
            f"free some space and run again ({error})"
        )

    def _let_others_read(self) -> None:
        # Tantivy makes some of its files for this user alone; all of them get the mode that the folder allows.
        mode = self._folder.stat().st_mode & 0o666
        for path in self._folder.iterdir():
            path.chmod(mode)

    def _document(self, indexed: IndexedArticle, encoder: msgspec.json.Encoder, facets: FacetCoder) -> tantivy.Document:
        article = indexed.article
        document = tantivy.Document()
        document.add_unsigned("pmid", article.pmid)
        if article.year is not None:
            document.add_unsigned("year", article.year)
        title, abstract = self._analyzer.text(article.title), self._analyzer.text(article.abstract)
        for value in self._analyzer.combine(title, abstract):
            document.add_text("text", value)
        for value in (title.row, *title.wholes):
            document.add_text("title", value)
        for field, value in keywords(article):
            document.add_text(field, value)
        for column, code in facets.codes(indexed, title.row):
            document.add_unsigned(column, code)
        document.add_bytes("stored", encoder.encode(indexed))
        return document


# --- Reading --------------------------------------------------------------------------------------------------------


class LexicalReader:
    """Answers from a tantivy index; safe to use from several threads."""

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        try:
            index = self._open(folder)
        except ValueError as exc:
            raise GenerationError(
                f"the lexical index in {folder} cannot be opened: {exc}; rebuild or roll back"
            ) from exc
        except OSError as exc:
            raise GenerationError(
                f"the lexical index in {folder} cannot be opened: {exc}; let it be read, and where its folder is read "
                "only name a folder for temporary files (TMPDIR)"
            ) from exc
        self._searcher = index.searcher()
        self._facets = FacetReader(folder, self._searcher)
        self._tree = load_tree(folder / _MESH_TREE)
        clauses = TantivyClauses(index.schema)
        self._conditions = Conditions(clauses, analyzer, self._tree, self._facets)
        self._words = WordQueries(clauses, _TermCounts(self._searcher), analyzer)
        self._decoder = msgspec.json.Decoder(IndexedArticle)

    def _open(self, folder: Path) -> tantivy.Index:
        """From a folder that may be read only: tantivy takes a lock file beside its files even to read them."""
        try:
            return tantivy.Index.open(str(folder))
        except ValueError:
            # The files by links, the locks anew, in a folder that goes when this reader does.
            links = Path(mkdtemp(prefix="pathlit-index-"))
            finalize(self, shutil.rmtree, links, ignore_errors=True)
            for path in folder.iterdir():
                if path.suffix != ".lock":
                    (links / path.name).symlink_to(path.absolute())
            return tantivy.Index.open(str(links))

    @property
    def count(self) -> int:
        return self._searcher.num_docs

    def search(self, text: str, constraint: Constraint, limit: int, names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        if not text and not names:
            return self._newest(constraint, limit)
        words = self._words.query(text, names)
        if words is None:
            return []
        condition = self._conditions.query(constraint)
        query = (
            words
            if condition is None
            else Query.boolean_query([(Occur.Must, words), (Occur.Must, _unscored(condition))])
        )
        return self._ranked(query, limit)

    def scores(self, text: str, pmids: Sequence[int], names: Sequence[SynonymGroup] = ()) -> list[Scored]:
        """The scores that `search` gives to these articles; 0 for one that shares no term with the text."""
        words = self._words.query(text, names)
        if words is None or not pmids:
            return []
        chosen = _unscored(self._conditions.pmids(pmids))
        ranked = self._ranked(Query.boolean_query([(Occur.Must, words), (Occur.Must, chosen)]), len(pmids))
        found = {scored.pmid for scored in ranked}
        return ranked + [Scored(pmid, 0.0) for pmid in sorted(set(pmids) - found)]

    def matching(self, constraint: Constraint, *, complement: bool = False) -> list[int]:
        """PMIDs of every article that meets the constraint (or, as its complement, of every one that does not)."""
        query = self._conditions.query(constraint) or Query.all_query()
        if complement:
            query = Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])
        hits = self._searcher.search(query, max(1, self.count), count=False, order_by_field="pmid").hits
        return [pmid for pmid, _ in hits]

    def count_matching(self, constraint: Constraint) -> int:
        condition = self._conditions.query(constraint)
        if condition is None:
            return self.count
        return int(self._searcher.search(condition, 1).count)  # type: ignore[attr-defined]  # missing from its stubs

    def facets(
        self,
        text: str,
        constraint: Constraint,
        wanted: Sequence[FacetName],
        size: int,
        names: Sequence[SynonymGroup] = (),
    ) -> FacetCounts:
        words = self._words.query(text, names) if text or names else Query.all_query()
        condition = self._conditions.query(constraint) or Query.all_query()
        query = Query.boolean_query([(Occur.Must, words or Query.empty_query()), (Occur.Must, condition)])
        return self._facets.of(query, wanted, size)

    def notices(self, constraint: Constraint) -> list[str]:
        return list(condition_notices(constraint, self._tree, self._facets))

    def articles(self, pmids: Sequence[int]) -> dict[int, IndexedArticle]:
        if not pmids:
            return {}
        hits = self._searcher.search(self._conditions.pmids(pmids), len(set(pmids)), count=False).hits
        found = (self._stored(address) for _, address in hits)
        return {indexed.article.pmid: indexed for indexed in found}

    def left_out(self, pmids: Sequence[int]) -> list[int]:
        if not pmids:
            return []
        query = Query.boolean_query(
            [(Occur.Must, self._conditions.pmids(pmids)), (Occur.Must, self._conditions.left_out())]
        )
        hits = self._searcher.search(query, len(pmids), count=False, order_by_field="pmid").hits
        return sorted(pmid for pmid, _ in hits)

    def _stored(self, address: tantivy.DocAddress) -> IndexedArticle:
        return self._decoder.decode(bytes(self._searcher.doc(address)["stored"][0]))

    def _ranked(self, query: Query, limit: int) -> list[Scored]:
        """The first `limit`, ties broken by PMID: read on until the last score read is below the last one kept."""
        wanted = limit + _TIE_MARGIN
        while True:
            hits = self._searcher.search(query, wanted, count=False).hits
            complete = len(hits) < wanted or hits[-1][0] < hits[limit - 1][0]
            if complete or wanted >= self.count:
                break
            wanted *= 4
        pmids = self._searcher.fast_field_values("pmid", [address for _, address in hits])
        scored = [Scored(int(pmid or 0), score) for pmid, (score, _) in zip(pmids, hits, strict=True)]
        return best_first(scored)[:limit]

    def _newest(self, constraint: Constraint, limit: int) -> list[Scored]:
        """No words to rank by: the highest PMIDs first, scored by that order."""
        condition = self._conditions.query(constraint) or Query.all_query()
        hits = self._searcher.search(condition, limit, count=False, order_by_field="pmid").hits
        return by_order(pmid for pmid, _ in hits)


class _TermCounts:
    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher

    @property
    def articles(self) -> int:
        return self._searcher.num_docs

    def count(self, term: str) -> int:
        return self._searcher.doc_freq("text", term)


def _unscored(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)
