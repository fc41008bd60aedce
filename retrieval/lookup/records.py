"""What is looked up, and what was found: sentence by sentence, reference by reference."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from msgspec import field

from retrieval.records import Article, Filters, Integrity, IntegrityPolicy, Record
from retrieval.references.parsing import Format
from retrieval.references.records import Resolution
from retrieval.verify.base import Judgement, Verdict

LONGEST_TEXT: Final = 200_000
"""Characters of one draft: a long review. A thesis is looked up chapter by chapter."""
LONGEST_SENTENCE: Final = 2_000
"""Characters; anything longer is a list or a table that lost its line breaks."""
MOST_LOOKED_UP: Final = 400
"""Sentences of one draft for which papers are looked for or references judged."""
MOST_PAPERS: Final = 20
"""Papers for one sentence."""


class LookupRequest(Record, frozen=True):
    """A sentence, a paragraph or a draft (plain text, Markdown, LaTeX) and how to look it up."""

    text: str
    references: str = ""
    """What its markers point at, where it has no list of its own: a list, or what a .bib, .ris or .nbib file holds."""
    references_format: Format = "auto"
    papers: int = 3
    """Papers to tell for each sentence, at most; what contradicts it comes on top."""
    filters: Filters = Filters()
    """Hold for the papers that are looked for; its integrity policy also decides what may support."""
    every_sentence: bool = False
    """Look up sentences that need no citation, too. A text of one sentence is always looked up."""
    check_cited: bool = True
    """Judge the papers that the text cites already."""


class Need(StrEnum):
    """Whether a sentence needs a citation."""

    NEEDED = "needed"
    CITED = "cited"
    """It has one, or says it has: see what became of it."""
    NOT_NEEDED = "not_needed"


class Assessment(Record, frozen=True):
    need: Need
    reason: str
    """For people: "It says how common something is and gives a number."."""
    cues: dict[str, float] = field(default_factory=dict)
    """What spoke for (above 0) and against it, by the names of retrieval.lookup.cues."""


class Marker(Record, frozen=True):
    """A citation as the text has it; `draft[start:end] == text`."""

    kind: Literal["number", "author_year", "key", "identifier"]
    text: str
    start: int
    end: int
    keys: tuple[str, ...]
    """What it names: "12", "13"; "smith 2014"; a key of BibTeX; "PMID: 123"."""


class FoundPaper(Record, frozen=True):
    """A paper that was looked up for a sentence, and what it says of it."""

    article: Article
    integrity: Integrity
    judgement: Judgement
    rank: int
    """Among the hits of the search, from 1."""
    score: float
    """The search's own."""
    usable: bool = True
    """False for one that must not be rested upon: retracted or withdrawn, unless the policy allows; or a notice."""

    @property
    def supports(self) -> bool:
        return self.usable and self.judgement.verdict is Verdict.SUPPORTED


class CitedPaper(Record, frozen=True):
    """A reference that a sentence cites already, and whether that paper supports it."""

    key: str
    """As its marker names it."""
    resolution: Resolution | None = None
    judgement: Judgement | None = None
    """None where the reference did not resolve to an article, or was not asked to be judged."""
    usable: bool = True
    problem: str = ""
    """What is wrong with it, in words; empty for a sound reference that supports the sentence."""

    @property
    def supports(self) -> bool:
        return self.usable and self.judgement is not None and self.judgement.verdict is Verdict.SUPPORTED


class SentenceReport(Record, frozen=True):
    """One sentence of the draft; `draft[start:end] == text`."""

    number: int
    """From 1, in the order of the text."""
    text: str
    start: int
    end: int
    claim: str
    """What was looked up and judged: the sentence without markers and mark-up."""
    section: str
    """The kind of section it stands in (METHODS, RESULTS, LITERATURE, CONCLUSIONS), or empty."""
    assessment: Assessment
    markers: tuple[Marker, ...] = ()
    cited: tuple[CitedPaper, ...] = ()
    papers: tuple[FoundPaper, ...] = ()
    """Best first: by verdict, then by how sure it is. Those that must not be rested upon come last."""
    looked_up: bool = False


class CheckedReference(Record, frozen=True):
    """One reference of the list or file, whether a sentence cites it or not."""

    label: str
    raw: str
    resolution: Resolution | None = None
    problem: str = ""
    cited_by: tuple[int, ...] = ()
    """Numbers of sentences."""


class LookupResult(Record, frozen=True):
    sentences: tuple[SentenceReport, ...]
    references: tuple[CheckedReference, ...] = ()
    notices: tuple[str, ...] = ()
    generation: str = ""
    policy: IntegrityPolicy = IntegrityPolicy.EXCLUDE
    models: dict[str, str] = field(default_factory=dict)
    """encoder, reranker, verifier."""
    timings_ms: dict[str, float] = field(default_factory=dict)


class ItemError(Record, frozen=True):
    code: str
    """That of the error tree: "invalid_input"."""
    message: str


class ItemOutcome(Record, frozen=True):
    """What became of one item of a batch: a result, or an error of its own."""

    index: int
    """From 0."""
    result: LookupResult | None = None
    error: ItemError | None = None
