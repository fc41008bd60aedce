"""Figures and their captions from JATS, the XML of full-text articles. Pure: bytes in, records out.

Reads what PMC's articles hold, be it one <article> or a set of them: figures in the body, in groups, boxes, floats,
appendices and supplements. Entities are not resolved and nothing is fetched, whatever the document asks for.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from indexing.figures.jats_text import caption_of, plain
from indexing.figures.licences import creative_commons, licence_code
from indexing.figures.panels import find_panels
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import FigureGroup, Panel, Record

if TYPE_CHECKING:
    from lxml.etree import _Element

_PMCID: Final = re.compile(r"(?:PMC)?(\d{1,12})(?:\.(\d{1,4}))?", re.IGNORECASE)
_BY_PERMISSION: Final = re.compile(
    r"\b(?:re-?produced|re-?printed|re-?published|adapted|modified)\b.{0,150}\bpermission\b", re.IGNORECASE | re.DOTALL
)
_SHOWN_IN_BROWSERS: Final = (".jpg", ".jpeg", ".png", ".gif", ".webp")


class Licence(Record, frozen=True):
    code: str = ""
    url: str = ""


class FigureDraft(Record, frozen=True):
    """A figure as its article describes it; whether its images exist is for others to find out."""

    id: str
    label: str
    caption: str
    panels: tuple[Panel, ...]
    hrefs: tuple[str, ...]
    """Names of its images, often without their extension."""
    group: FigureGroup | None = None
    own_licence: Licence | None = None
    """Set where the figure has other terms than the article; an empty code means "by permission" or none stated."""


class JatsArticle(Record, frozen=True):
    pmcid: str = ""
    """Without a version."""
    version: int | None = None
    pmid: int | None = None
    doi: str = ""
    licence: Licence = Licence()
    figures: tuple[FigureDraft, ...] = ()


def read_jats(source: Path | bytes, *, name: str = "") -> tuple[JatsArticle, ...]:
    """The articles of a document; `name` stands for it in errors.

    Raises MalformedFileError for what is not XML, RecordError for XML without an <article>, InputError where a file
    cannot be read.
    """
    if isinstance(source, Path):
        name = name or str(source)
        try:
            source = source.read_bytes()
        except OSError as exc:
            raise InputError(f"{name}: cannot be read ({exc.strerror}); check the path and its permissions") from exc
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as exc:
        raise MalformedFileError(name or "<bytes>", exc.lineno or 0, 0, exc.msg or "no XML document") from exc
    _drop_namespaces(root)
    articles = [root] if root.tag == "article" else list(root.iter("article"))
    if not articles:
        raise RecordError(name or "<bytes>", f"<{root.tag}>", "it holds no <article>, so it is no JATS document")
    return tuple(_article(element, name) for element in articles)


def _drop_namespaces(root: _Element) -> None:
    for element in root.iter(etree.Element):
        if element.tag.startswith("{"):
            element.tag = element.tag.rpartition("}")[2]


def _article(article: _Element, name: str) -> JatsArticle:
    meta = article.find("front/article-meta")
    pmcid, version = _pmcid(meta)
    pmid = _article_id(meta, "pmid")
    licence, copyright_ = _terms(None if meta is None else meta.find("permissions"))
    code = plain(None if meta is None else meta.find(".//custom-meta[meta-name='pmc-license-ref']/meta-value"))
    if code:
        licence = Licence(licence_code(code), licence.url)
    identifier = pmcid or pmid or "without an id"
    return JatsArticle(
        pmcid=pmcid,
        version=version,
        pmid=int(pmid) if pmid.isascii() and pmid.isdigit() and int(pmid) else None,
        doi=_article_id(meta, "doi"),
        licence=licence,
        figures=_figures(article, copyright_, name, identifier),
    )


def _pmcid(meta: _Element | None) -> tuple[str, int | None]:
    for kind in ("pmcid-ver", "pmcid", "pmc"):
        if match := _PMCID.fullmatch(_article_id(meta, kind)):
            return f"PMC{int(match[1])}", int(match[2]) if match[2] else None
    return "", None


def _article_id(meta: _Element | None, kind: str) -> str:
    return "" if meta is None else plain(meta.find(f"article-id[@pub-id-type='{kind}']"))


def _figures(article: _Element, copyright_: str, name: str, identifier: str) -> tuple[FigureDraft, ...]:
    used: Counter[str] = Counter()
    groups: dict[_Element, FigureGroup] = {}
    drafts = []
    for number, fig in enumerate(article.iter("fig"), start=1):
        for entity in fig.iter(etree.Entity):
            raise RecordError(name, identifier, f"a figure uses the undeclared entity {entity.text}")
        identity = "-".join((fig.get("id") or f"fig{number}").split())
        used[identity] += 1
        if used[identity] > 1:
            identity = f"{identity}-{used[identity]}"
        group = next(iter(fig.iterancestors("fig-group")), None)
        if group is not None and group not in groups:
            caption, _ = caption_of(group.find("caption"))
            groups[group] = FigureGroup(
                id=group.get("id") or f"group{len(groups) + 1}", label=plain(group.find("label")), caption=caption
            )
        caption, bold = caption_of(fig.find("caption"))
        drafts.append(
            FigureDraft(
                id=identity,
                label=plain(fig.find("label")),
                caption=caption,
                panels=find_panels(caption, bold),
                hrefs=_images(fig),
                group=None if group is None else groups[group],
                own_licence=_own_licence(fig, caption, copyright_),
            )
        )
    return tuple(drafts)


def _images(fig: _Element) -> tuple[str, ...]:
    """One name per image: of alternatives the one that browsers can show."""
    found: dict[str, None] = {}
    for graphic in fig.iter("graphic"):
        choice = graphic.getparent()
        names = [_href(graphic)]
        if choice is not None and choice.tag == "alternatives":
            names = [_href(other) for other in choice.iter("graphic")]
        shown = [name for name in names if name.lower().endswith(_SHOWN_IN_BROWSERS)]
        if best := next((name for name in shown + names if name), ""):
            found[best] = None
    return tuple(found)


def _href(element: _Element) -> str:
    return next((str(value).strip() for key, value in element.items() if str(key).rpartition("}")[2] == "href"), "")


def _own_licence(fig: _Element, caption: str, copyright_: str) -> Licence | None:
    licence, own_copyright = _terms(fig.find("permissions"))
    if licence.code:
        return licence
    if own_copyright and own_copyright != copyright_:
        return Licence()
    credit = " ".join(plain(attrib) for attrib in fig.iter("attrib"))
    return Licence() if _BY_PERMISSION.search(f"{caption} {credit}") else None


def _terms(permissions: _Element | None) -> tuple[Licence, str]:
    """The first licence of <permissions> that can be named, and its copyright statement."""
    if permissions is None:
        return Licence(), ""
    statement = plain(permissions.find("copyright-statement"))
    for licence in permissions.iter("license"):
        urls = [plain(reference) for reference in licence.iter("license_ref")]
        urls += [_href(element) for element in licence.iter(etree.Element)]
        for url in urls:
            if code := creative_commons(url):
                return Licence(code, url), statement
        if code := creative_commons(plain(licence)):
            return Licence(code), statement
    return Licence(), statement
