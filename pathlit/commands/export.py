"""`pathlit export`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from pathlit.commands.options import Home
from pathlit.console import note
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval import citations
from retrieval.citations import FORMATS, MOST_EXPORTED, FormatName
from retrieval.citations.choosing import choose
from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.search import Searcher

_LONGEST_LIST: Final = 1_000_000  # characters
_NAMED: Final = 10


class Format(StrEnum):
    RIS = "ris"
    BIBTEX = "bibtex"
    NBIB = "nbib"
    CSL_JSON = "csl-json"
    ENDNOTE = "endnote"
    TEXT = "text"


class Style(StrEnum):
    VANCOUVER = "vancouver"
    AMA = "ama"
    APA = "apa"


Identifiers = Annotated[
    list[str] | None, typer.Argument(help="PMIDs or local ids; with none they are read from standard input.")
]
IdFile = Annotated[Path | None, typer.Option("--ids", help="File with one id a line, or separated by blanks.")]
FormatOption = Annotated[
    Format | None, typer.Option("--format", "-f", help="[default: what --to ends in, otherwise ris]")
]
StyleOption = Annotated[Style, typer.Option("--style", help="Of the format text.")]
To = Annotated[Path | None, typer.Option("--to", help="File to write, in UTF-8. [default: standard output]")]


def export(
    identifiers: Identifiers = None,
    ids: IdFile = None,
    format: FormatOption = None,  # noqa: A002
    style: StyleOption = Style.VANCOUVER,
    to: To = None,
    home: Home = None,
) -> None:
    """Export citations for a reference manager or a manuscript, each with a note where its paper was retracted.

    \b
        pathlit export 29952771 30582154 --to papers.ris
        pathlit export --ids pmids.txt --format text --style ama

    Formats: ris (Zotero, Mendeley, Citavi), bibtex, nbib (PubMed's own), csl-json (pandoc), endnote (.enw), text.
    Where an id names no article nothing is written, and all such ids are told.
    """
    asked = [*(identifiers or ()), *(_read(ids) if ids else ())]
    if not asked and ids is None:
        asked = _words(sys.stdin.read(_LONGEST_LIST + 1), "standard input")
    if not 1 <= len(asked) <= MOST_EXPORTED:
        raise InputError(f"{len(asked):,} ids cannot be exported at once; give 1 to {MOST_EXPORTED:,}")
    place = HomeFolder(read_settings(home))
    generation = place.store.current()
    # Without an encoder: nothing is searched for.
    searcher = Searcher(place.open_reader(generation), generation=generation, analyzer=place.analyzer, encoder=None)
    chosen = choose(searcher, asked)
    if chosen.missing:
        named = ", ".join(asked[one.place] for one in chosen.missing[:_NAMED])
        more = f" and {len(chosen.missing) - _NAMED:,} more" if len(chosen.missing) > _NAMED else ""
        raise ArticleNotFoundError(
            f"not in generation {generation}: {named}{more}; nothing was exported. Leave them out, or index them"
        )
    text = citations.export(chosen.articles, _format(format, to), style=style.value)
    if to is None:
        sys.stdout.write(text)
        return
    to.write_text(text, encoding="utf-8", newline="\n")
    count = len(chosen.articles)
    note("exported", f"{count:,} citation{'s' if count != 1 else ''} to {to}")


def _format(asked: Format | None, to: Path | None) -> FormatName:
    if asked is not None:
        return asked.value
    suffixes = {found.suffix: found.name for found in FORMATS.values()}
    return suffixes.get(to.suffix.lower(), "ris") if to else "ris"


def _read(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as lines:
            return _words(lines.read(_LONGEST_LIST + 1), str(path))
    except OSError as exc:
        raise InputError(f"{path}: cannot be opened ({exc.strerror}); check the path and its permissions") from exc
    except UnicodeDecodeError as exc:
        raise InputError(f"{path}: not UTF-8 text; give a file with one id a line") from exc


def _words(text: str, source: str) -> list[str]:
    if len(text) > _LONGEST_LIST:
        raise InputError(f"{source} is longer than {_LONGEST_LIST:,} characters; give at most {MOST_EXPORTED:,} ids")
    return text.replace(",", " ").split()
