"""`pathlit cite`: papers for the sentences of a text, and whether those it cites carry them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

from api.schemas.lookup import outcome_view, result_view
from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_answer
from pathlit.progress import WorkProgress
from pathlit.render_lookup import render_lookup
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import InputError, PathlitError
from retrieval.lookup.insertion import with_citations
from retrieval.lookup.lookup import CitationLookup
from retrieval.lookup.records import ItemError, ItemOutcome, LookupRequest
from retrieval.records import Filters, IntegrityPolicy, Record

_MOST_BYTES = 50_000_000
_NOT_IN_ORDER = 1
_TEX = (".tex", ".txt")


class _Line(Record, frozen=True, forbid_unknown_fields=True):
    text: str
    references: str = ""


class _Item(NamedTuple):
    name: str
    text: str
    references: str
    problem: str = ""


def cite(
    words: Annotated[list[str] | None, typer.Argument(help="A sentence or a paragraph, quoted or not.")] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--file", "-f", help="A draft (.md, .txt, .tex; - for standard input), or .jsonl; may be repeated."
        ),
    ] = None,
    references: Annotated[
        Path | None, typer.Option("--references", "-r", help="What its markers point at: .bib, .ris, .nbib, or a list.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=20, help="Papers for each sentence.")] = 3,
    policy: Annotated[
        IntegrityPolicy,
        typer.Option(
            "--retracted", help="Retracted papers: left out, shown and never as support, or used like others."
        ),
    ] = IntegrityPolicy.EXCLUDE,
    year_from: Annotated[int | None, typer.Option("--from", help="Look for papers of this year or later.")] = None,
    year_to: Annotated[int | None, typer.Option("--to", help="Look for papers of this year or earlier.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also sentences that need no citation.")] = False,
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the draft with what supports it cited, and a reference list.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Find papers for the sentences of a text that need a citation, and check those that it cites.

    Each sentence is told whether it needs a citation, and why. For one that does, the best papers follow, each with
    what its abstract says of the sentence (supports it, supports part of it, CONTRADICTS it) and the words that say
    so. Citations that are there already ([3], (Smith 2014), PMID: 123, \\cite{key}, [@key]) are resolved to records:
    is the paper retracted, and does it say what it is cited for? Only title and abstract are read.

    \b
        pathlit cite "TTF-1 separates lung adenocarcinoma from squamous cell carcinoma."
        pathlit cite --file draft.md --references refs.bib
        pathlit cite --file draft.md --write cited.md
        pathlit cite --file sentences.jsonl --json > found.jsonl

    A .jsonl file holds one item a line, {"text": "...", "references": "..."}; each has an outcome of its own. With
    --json several items are printed a line each, as they are done. --write cites only papers that support a sentence,
    at most two for each. Exit code 1: at least one item of several failed.
    """
    items = list(_items(words, files, references))
    if write and len(items) != 1:
        raise InputError(f"--write takes one draft; {len(items)} items are given")
    place = HomeFolder(read_settings(home))
    lookup = place.citation_lookup(place.open_searcher())
    filters = Filters(year_from=year_from, year_to=year_to, integrity=policy)

    def request(item: _Item) -> LookupRequest:
        return LookupRequest(
            text=item.text, references=item.references, papers=limit, filters=filters, every_sentence=every
        )

    if len(items) == 1 and not items[0].problem:
        _one(lookup, request(items[0]), write, as_json=as_json)
        return
    failed = 0
    with WorkProgress(err).shown() as progress:
        for index, item in enumerate(items):
            outcome = _outcome(lookup, index, item, request(item))
            failed += outcome.error is not None
            if as_json:
                # ASCII alone, so that nothing in it steers a terminal.
                print(json.dumps(outcome_view(outcome).model_dump(mode="json")), flush=True)
            else:
                _show(item, outcome)
            progress.stage("items", index + 1, len(items))
    if failed:
        note("warning", f"{failed:,} of {len(items):,} items failed; the others are done")
        raise typer.Exit(_NOT_IN_ORDER)


def _one(lookup: CitationLookup, request: LookupRequest, write: Path | None, *, as_json: bool) -> None:
    with WorkProgress(err).shown() as progress:
        result = lookup.look_up(request, lambda done, total: progress.stage("sentences", done, total))
    if as_json:
        print_answer(result_view(result), result.generation)
    else:
        render_lookup(result, out)
    if write:
        written = with_citations(request.text, result, markdown=write.suffix.lower() not in _TEX)
        try:
            write.write_text(written.text, encoding="utf-8")
        except OSError as exc:
            raise InputError(f"{write} cannot be written: {exc.strerror}") from exc
        note("written", f"{write}: {written.papers} papers cited in {written.citations} sentences")


def _outcome(lookup: CitationLookup, index: int, item: _Item, request: LookupRequest) -> ItemOutcome:
    if item.problem:
        return ItemOutcome(index, error=ItemError(InputError.code, item.problem))
    try:
        return ItemOutcome(index, result=lookup.look_up(request))
    except PathlitError as exc:
        return ItemOutcome(index, error=ItemError(exc.code, str(exc)))


def _show(item: _Item, outcome: ItemOutcome) -> None:
    note("item", item.name)
    if outcome.error:
        note("error", outcome.error.message)
    elif outcome.result:
        render_lookup(outcome.result, out)


def _items(words: list[str] | None, files: list[Path] | None, references: Path | None) -> Iterator[_Item]:
    text = " ".join(words or ())
    shared = _read(references) if references else ""
    if not text.strip() and not files:
        raise InputError("nothing is asked: give a sentence, or --file DRAFT")
    if text.strip():
        yield _Item("the words given", text, shared)
    for path in files or ():
        content = _read(path)
        if path.suffix.lower() == ".jsonl":
            yield from _lines(path, content, shared)
        else:
            yield _Item(str(path), content, shared)


def _lines(path: Path, content: str, shared: str) -> Iterator[_Item]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        name = f"{path}, line {number}"
        try:
            item = msgspec.json.decode(line, type=_Line)
        except (msgspec.MsgspecError, RecursionError) as exc:
            yield _Item(name, "", "", f'{name}: it is not {{"text": "...", "references": "..."}}: {exc}')
        else:
            yield _Item(name, item.text, item.references or shared)


def _read(path: Path) -> str:
    try:
        if str(path) == "-":
            content = sys.stdin.buffer.read(_MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path} has more than {_MOST_BYTES:,} bytes; hand it over in parts")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        raise InputError(f"{path} is not text in UTF-8 (byte {exc.start:,}); save it as UTF-8") from exc
