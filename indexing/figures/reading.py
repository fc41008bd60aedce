"""One article's figures: found, its licence checked, its text read, its images fetched. Writes no rows."""

from __future__ import annotations

import hashlib
import mimetypes
from collections import Counter
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import msgspec

from indexing.figures.images import ImageFolder
from indexing.figures.jats import FigureDraft, JatsArticle, Licence, read_jats
from indexing.figures.pmc_folder import MAX_IMAGE, MAX_TEXT, PmcSource
from indexing.figures.pmc_metadata import PmcFile, PmcMetadata, read_metadata
from indexing.figures.store import ArticleState
from retrieval.errors import MalformedFileError, RecordError
from retrieval.records import Figure, Record

_IMAGES: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".tif", ".tiff")
"""Extensions of images, best first: what PMC prepared for browsers before what the publisher sent."""


class Wanted(NamedTuple):
    pmcid: str
    """Without a version."""
    pmid: int | None = None
    """Whose figures they must be; None where only PMC can tell."""


class Reading(Record, frozen=True):
    """What was found of one article; `figures` is empty unless it is kept."""

    outcome: Literal["unchanged", "older", "kept", "refused", "rejected"]
    state: ArticleState
    known: ArticleState | None = None
    """How it was read the last time."""
    licence: str = ""
    reason: str = ""
    is_gone: bool = False
    """It is rejected because the source no longer has it."""
    figures: tuple[Figure, ...] = ()
    figures_refused: tuple[tuple[str, int], ...] = ()
    """(licence, figures)"""
    images: int = 0
    images_rejected: tuple[str, ...] = ()


class ArticleReader:
    """Threads may share one. `images` is None where image files are not to be fetched."""

    def __init__(self, source: PmcSource, allowed: frozenset[str], images: ImageFolder | None) -> None:
        self._source, self._allowed, self._images = source, allowed, images
        self._policy = _digest(*(code.encode() for code in sorted(allowed)), b"images" if images else b"")

    def read(self, wanted: Wanted, known: ArticleState | None) -> Reading:
        """SourceError where the source fails as a whole; all else is an outcome."""
        state = ArticleState(wanted.pmcid, 0)
        try:
            state = msgspec.structs.replace(state, stamp=f"{self._policy} {self._source.stamp(wanted.pmcid)}")
            if known and known.stamp == state.stamp:
                return Reading("unchanged", known, known)
            version = self._source.newest(wanted.pmcid)
        except RecordError as exc:
            return Reading("rejected", state, known, reason=str(exc), is_gone=True)
        state = msgspec.structs.replace(state, version=int(version.partition(".")[2]))
        try:
            return self._read(wanted, version, state, known)
        except (RecordError, MalformedFileError) as exc:
            return Reading("rejected", state, known, reason=str(exc))

    def _read(self, wanted: Wanted, version: str, state: ArticleState, known: ArticleState | None) -> Reading:
        if known and known.version > state.version:
            return Reading("older", known, known)
        says = self._source.metadata(version)
        # Without metadata the text has to say all.
        text = b"" if says else self._source.read(f"{version}/{version}.xml", MAX_TEXT)
        state = msgspec.structs.replace(state, state=_digest(self._policy.encode(), says or text))
        if known and (known.version, known.state) == (state.version, state.state):
            return Reading("unchanged", msgspec.structs.replace(known, stamp=state.stamp), known)
        metadata = read_metadata(says, version, self._source.name) if says else None
        if metadata:
            state = self._identified(state, wanted, metadata.pmid, metadata.is_retracted)
            if metadata.licence not in self._allowed:
                return Reading("refused", state, known, licence=metadata.licence)
        try:
            return self._from_text(wanted, version, metadata, text, state, known)
        except (RecordError, MalformedFileError) as exc:
            # What the metadata say of its standing holds all the same; read again when they are asked again.
            return Reading("rejected", msgspec.structs.replace(state, state=""), known, reason=str(exc))

    def _from_text(
        self,
        wanted: Wanted,
        version: str,
        metadata: PmcMetadata | None,
        text: bytes,
        state: ArticleState,
        known: ArticleState | None,
    ) -> Reading:
        article = self._article(self._checked(metadata.xml, MAX_TEXT) if metadata else text, version)
        state = self._identified(state, wanted, article.pmid or state.pmid, state.is_retracted)
        if metadata and article.licence.code in ("", metadata.licence):
            article = msgspec.structs.replace(article, licence=Licence(metadata.licence, article.licence.url))
        if article.licence.code not in self._allowed:
            return Reading("refused", state, known, licence=article.licence.code)
        return self._figures(version, article, metadata, state, known)

    def _identified(self, state: ArticleState, wanted: Wanted, pmid: int | None, is_retracted: bool) -> ArticleState:
        expected = state.pmid or wanted.pmid
        if pmid and expected and pmid != expected:
            raise RecordError(self._source.name, wanted.pmcid, f"it belongs to PMID {pmid}, not to PMID {expected}")
        return msgspec.structs.replace(state, pmid=pmid or expected, is_retracted=is_retracted)

    def _article(self, text: bytes, version: str) -> JatsArticle:
        name = f"{self._source.name} {version}.xml"
        articles = read_jats(text, name=name)
        pmcid = version.partition(".")[0]
        for article in articles:
            if article.pmcid == pmcid or (len(articles) == 1 and not article.pmcid):
                return article
        raise RecordError(name, version, f"its text is that of {articles[0].pmcid or 'another article'}")

    def _checked(self, file: PmcFile, limit: int) -> bytes:
        data = self._source.read(file.key, limit)
        if file.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != file.md5:
            raise RecordError(self._source.name, file.key, "its checksum is not the one that its metadata give")
        return data

    def _figures(
        self,
        version: str,
        article: JatsArticle,
        metadata: PmcMetadata | None,
        state: ArticleState,
        known: ArticleState | None,
    ) -> Reading:
        files = {
            file.name: file
            for file in (metadata and metadata.media)
            or [PmcFile(f"{version}/{name}") for name in self._source.names(version)]
        }
        doi = (metadata and metadata.doi) or article.doi
        figures: list[Figure] = []
        refused: Counter[str] = Counter()
        for draft in article.figures:
            licence = draft.own_licence or article.licence
            if licence.code not in self._allowed:
                refused[licence.code] += 1
                continue
            for number, file in enumerate(_files_of(draft, files), start=1):
                figures.append(
                    Figure(
                        id=f"{version}:{draft.id}" + (f"/{number}" if number > 1 else ""),
                        pmcid=version,
                        pmid=state.pmid,
                        doi=doi,
                        label=draft.label,
                        caption=draft.caption,
                        panels=draft.panels,
                        group=draft.group,
                        file=file.key if file else "",
                        media_type=(mimetypes.guess_type(file.key)[0] or "") if file else "",
                        license_code=licence.code,
                        licence_url=licence.url,
                        is_retracted=state.is_retracted,
                        source=self._source.name,
                    )
                )
        images, images_rejected = self._fetch(files[f.file.partition("/")[2]] for f in figures if f.file)
        if images_rejected:
            # So that the next run tries them again.
            state = msgspec.structs.replace(state, state="")
        return Reading(
            "kept",
            state,
            known,
            licence=article.licence.code,
            figures=tuple(figures),
            figures_refused=tuple(refused.items()),
            images=images,
            images_rejected=images_rejected,
        )

    def _fetch(self, files: Iterable[PmcFile]) -> tuple[int, tuple[str, ...]]:
        """Image files that are now kept, and what went wrong with the others; what is there is not fetched again."""
        images = self._images
        if images is None:
            return 0, ()
        kept = 0
        rejected = []
        for file in dict.fromkeys(files):
            try:
                if not images.has(file.key, file.md5):
                    images.keep(file.key, self._checked(file, MAX_IMAGE))
                kept += 1
            except RecordError as exc:
                rejected.append(str(exc))
        return kept, tuple(rejected)


def _files_of(draft: FigureDraft, files: dict[str, PmcFile]) -> list[PmcFile | None]:
    """The files of a figure's images; [None] for a figure none of whose images came with the article."""
    found = [file for href in draft.hrefs if (file := _file_named(href, files))]
    return list(dict.fromkeys(found)) or [None]


def _file_named(href: str, files: dict[str, PmcFile]) -> PmcFile | None:
    """The file that an article calls so: by its name, or by its name with any extension of images."""
    name = href.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    stems = [name, stem] if dot + extension.lower() in _IMAGES else [name]
    if name in files and dot + extension.lower() in _IMAGES[:5]:
        return files[name]
    lowered = {known.lower(): file for known, file in files.items()}
    for candidate in stems:
        for ending in _IMAGES:
            if file := lowered.get((candidate + ending).lower()):
                return file
    return files.get(name)


def _digest(*parts: bytes) -> str:
    return hashlib.blake2b(b"\0".join(parts), digest_size=16).hexdigest()
