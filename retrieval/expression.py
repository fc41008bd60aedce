"""A list of expressed genes as a part of a case: parsed, named as the literature names them, and weighted.

    TP53:2.5            2.5 times as much: a fold change of 1 or more; log2 +1.32
    CDH1 0.25           a quarter: a ratio below 1; log2 -2
    KRT5 -3.1           3.1 times less: the signed fold change of many programs; log2 -1.63
    ERBB2=log2:4.2      a logarithm, said to be one; so are plain numbers below a heading "gene log2FoldChange"
    CD274               no number: it counts like a doubling

Entries stand on lines or between commas or semicolons; tab, colon, "=" or a blank parts symbol and number; # starts a
comment. A number above -1 and up to 0 is no fold change, and ratios below 1 do not stand beside signed fold changes:
most lists of bare logarithms are refused for either. One whose numbers are all positive, or all 1 or more in size,
cannot be told from fold changes; it needs the heading.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from retrieval.analysis import fold
from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record
from retrieval.vocabulary.file import Vocabulary, read_vocabulary

HOUSEKEEPING: Final = Path(__file__).parent / "vocabulary" / "housekeeping.toml"

MOST_GENES: Final = 2000
MOST_CHARACTERS: Final = 200_000
HOUSEKEEPING_SHARE: Final = 0.05
_WORTH: Final = 0.1
_WITHOUT_NUMBER: Final = 1.0
_MOST_LOG2: Final = 10.0
"""A thousandfold; beyond it the number tells of a division by almost nothing."""
_LONGEST_ENTRY: Final = 120
_SHOWN: Final = 60

_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_WITH_NUMBER: Final = re.compile(
    rf"(?P<symbol>[^:=]*?[^:=\s])(?P<gap>\s*[:=]\s*|\s+)(?P<log>log2(?:fc)?\s*[:=]?\s*)?(?P<number>{_NUMBER})",
    re.IGNORECASE,
)
_SEVERAL_WORDS: Final = re.compile(r"[^\W_][\w ./'-]*[^\W_]")
_SYMBOL: Final = re.compile(r"(?=.*[^\W\d_])[^\W_](?:[\w./-]{0,38}[^\W_])?")
_HEADING: Final = re.compile(
    r"(?:genes?|symbols?|gene[ _](?:symbol|name)s?)(?:[\s:=]+(?P<column>[\w ()]+))?", re.IGNORECASE
)
_DATE: Final = re.compile(
    r"\d{1,2}-(?:mar|sept?|dec|oct|apr|feb|nov)|(?:mar|sept?|dec|oct|apr|feb|nov)-\d{1,2}", re.IGNORECASE
)
_MINUS: Final = str.maketrans("\u2212\u2013", "--")


class Gene(Record, frozen=True):
    """One gene of a list."""

    symbol: str
    """As typed, where it was named first."""
    name: str
    """The vocabulary's best known name, or the symbol."""
    log2_fold_change: float | None = None
    housekeeping: bool = False
    known: bool = True
    """Whether vocabulary or housekeeping list have it; kept as typed otherwise."""

    @property
    def weight(self) -> float:
        """|log2 fold change|, 1 where none was given, at most 10; housekeeping genes a twentieth of it."""
        change = self.log2_fold_change
        size = _WITHOUT_NUMBER if change is None else min(abs(change), _MOST_LOG2)
        return size * (HOUSEKEEPING_SHARE if self.housekeeping else 1.0)


class Housekeeping(Record, frozen=True, forbid_unknown_fields=True):
    """Genes that nearly every cell expresses; the file's head explains its fields."""

    genes: tuple[str, ...]
    prefixes: tuple[str, ...] = ()
    not_prefixes: tuple[str, ...] = ()

    def __contains__(self, symbol: str) -> bool:
        upper = symbol.upper()
        if upper in self.genes:
            return True
        return upper.startswith(self.prefixes) and not upper.startswith(self.not_prefixes)


def read_housekeeping(path: Path = HOUSEKEEPING) -> Housekeeping:
    """ConfigurationError names the file and what in it is wrong."""
    try:
        listed = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Housekeeping)
    except OSError as exc:
        raise ConfigurationError(f"the housekeeping genes {path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigurationError(f"the housekeeping genes {path} cannot be used: {exc}; correct them") from exc
    return Housekeeping(*(tuple(map(str.upper, part)) for part in msgspec.structs.astuple(listed)))


class GeneNames:
    """What a symbol is called in the literature: the vocabulary's marker groups, and the housekeeping genes."""

    def __init__(self, vocabulary: Vocabulary, housekeeping: Housekeeping) -> None:
        self._housekeeping = housekeeping
        markers = [group for group in vocabulary.groups if group.kind == "marker"]
        # In a list of genes MET and KIT are genes without further company; a name of two markers stays open.
        names: dict[str, set[str]] = {}
        for group in markers:
            for name in group.ambiguous:
                names.setdefault(_key(name), set()).add(group.name)
        self._names = {key: next(iter(owners)) for key, owners in names.items() if len(owners) == 1}
        self._names |= {_key(name): group.name for group in markers for name in group.names}

    def name(self, symbol: str) -> str | None:
        return self._names.get(_key(symbol))

    def gene(self, symbol: str, change: float | None) -> Gene:
        name, housekeeping = self.name(symbol), symbol in self._housekeeping
        return Gene(symbol, name or symbol, change, housekeeping, known=name is not None or housekeeping)


def parse_expression(text: str, names: GeneNames | None = None) -> tuple[Gene, ...]:
    """The genes in the order of the list. InputError names the entry that cannot be read, and what to write instead.

    Of several entries for one gene, also by its other names, the one that changed most counts.
    """
    names = names or _default_names()
    if len(text) > MOST_CHARACTERS:
        raise InputError(f"the gene list has {len(text):,} characters, more than {MOST_CHARACTERS:,}; shorten it")
    entries = list(_entries(text))
    heading = _HEADING.fullmatch(entries[0]) if entries and len(entries[0]) <= _LONGEST_ENTRY else None
    logarithms = bool(heading and "log" in (heading["column"] or "").lower())
    entries = entries[1:] if heading else entries
    if not entries:
        raise InputError("the gene list names no gene; write one symbol a line, such as TP53 or TP53:2.5")
    if len(entries) > MOST_GENES:
        raise InputError(f"the gene list has {len(entries):,} entries, more than {MOST_GENES:,}; send the most changed")
    found: dict[str, Gene] = {}
    ratio = signed = ""
    for entry in entries:
        gene, number = _gene(entry, logarithms, names)
        ratio = ratio or (entry if number is not None and 0 < number < 1 else "")
        signed = signed or (entry if number is not None and number < 0 else "")
        if ratio and signed:
            raise InputError(
                f"{ratio!r} is a ratio and {signed!r} a signed fold change, so both may be logarithms; if so, put "
                "a line 'gene log2' on top, otherwise write all in one way"
            )
        key = _key(gene.name)
        found[key] = _merged(found[key], gene) if key in found else gene
    return tuple(found.values())


def weighted_terms(genes: Sequence[Gene]) -> tuple[tuple[str, float], ...]:
    """Names and weights, the heaviest first, equal ones in the order of the list."""
    return tuple((gene.name, gene.weight) for gene in sorted(genes, key=lambda gene: -gene.weight))


def query_text(genes: Sequence[Gene], most: int = 12) -> str:
    """The `most` heaviest names as a query, without those that weigh less than a tenth of the first.

    Empty where nothing changed. A query has no weights of words, so a housekeeping gene would count like any other.
    """
    weighed = weighted_terms(genes)
    least = _WORTH * weighed[0][1] if weighed else 0.0
    # A comma keeps "CD3, 4" from being read as one name.
    return ", ".join(name for name, weight in weighed[: max(most, 0)] if weight > 0 and weight >= least)


@cache
def _default_names() -> GeneNames:
    return GeneNames(read_vocabulary(), read_housekeeping())


def _key(name: str) -> str:
    return "".join(c for c in fold(name) if c.isalnum()) or name


def _entries(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for entry in re.split("[,;]", line.partition("#")[0]):
            if entry := entry.strip():
                yield entry


def _gene(entry: str, logarithms: bool, names: GeneNames) -> tuple[Gene, float | None]:
    """With the fold change as it was written; None where there is none or it is a logarithm."""
    shown = entry if len(entry) <= _SHOWN else f"{entry[:_SHOWN]}..."
    match = _WITH_NUMBER.fullmatch(entry.translate(_MINUS)) if len(entry) <= _LONGEST_ENTRY else None
    symbol = match["symbol"] if match else entry
    if _DATE.fullmatch(symbol):
        raise InputError(f"{shown!r} is a date that a spreadsheet made of a gene; write its symbol, as MARCHF1")
    if not _SYMBOL.fullmatch(symbol) and not (_SEVERAL_WORDS.fullmatch(symbol) and names.name(symbol)):
        raise InputError(
            f"{shown!r} is no gene; write a symbol, or a symbol and its fold change: TP53, TP53:2.5, KRT5 -3.1, "
            "ERBB2=log2:4.2 (a point in numbers, commas between genes)"
        )
    if not match:
        return names.gene(symbol, None), None
    number = match["number"]
    whole = f"{symbol}{number}"
    if match["gap"].isspace() and not match["log"] and names.name(whole) and not names.name(symbol):
        raise InputError(f"{shown!r} may be a gene or a fold change; write {whole!r} or '{symbol}:{number}'")
    logarithm = logarithms or bool(match["log"])
    gene = names.gene(symbol, _log2(float(number), logarithm, shown))
    return gene, None if logarithm else float(number)


def _log2(number: float, logarithm: bool, shown: str) -> float:
    if not math.isfinite(number):
        raise InputError(f"{shown!r} has a fold change that is no finite number; correct it or leave the number out")
    if logarithm:
        return number
    if -1 < number <= 0:
        raise InputError(
            f"{shown!r}: {number:g} is no fold change, which is above 0 or at most -1; write a logarithm as "
            f"log2:{number:g}, or put a line 'gene log2' on top of a list of them"
        )
    return math.log2(number) if number > 0 else -math.log2(-number)


def _merged(first: Gene, second: Gene) -> Gene:
    """Both are one gene: the first one's name, the larger change of the two."""
    changes = [gene.log2_fold_change for gene in (first, second) if gene.log2_fold_change is not None]
    change = max(changes, key=abs, default=None)
    housekeeping = first.housekeeping or second.housekeeping
    return msgspec.structs.replace(first, log2_fold_change=change, housekeeping=housekeeping)
