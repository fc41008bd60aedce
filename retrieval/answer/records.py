"""What an answer is made of. Nothing in it is taken on trust: every sentence carries the verdicts that let it stay."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from msgspec import field

from retrieval.records import Article, Evidence, Filters, Integrity, IntegrityPolicy, Record
from retrieval.verify.base import Judgement, Verdict


class Turn(Record, frozen=True):
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Question(Record, frozen=True):
    """What is asked, and within which bounds it may be answered."""

    text: str
    conversation: tuple[Turn, ...] = ()
    """Earlier turns, oldest first; a follow-up is condensed with them into a question that stands alone."""
    filters: Filters = Filters()
    """Its integrity policy holds for sources: under `label` a retracted paper is shown and never supports."""
    sources: int = 8
    """Articles that the answer may rest on, at most."""
    sentences: int = 6
    """Sentences that the answer may have, at most."""
    expand: bool = True


class Source(Record, frozen=True):
    """An article that the answer may cite, under a key that only this answer knows."""

    key: str
    """Three letters and digits, such as "K7Q": what the language model sees in place of any identifier."""
    article: Article
    integrity: Integrity
    evidence: tuple[Evidence, ...]
    """The sentences that were shown."""
    rank: int
    """Among the hits of the search, from 1."""
    usable: bool = True
    """False for one that the integrity policy lets be seen and not rest upon."""


class ToolResult(Record, frozen=True):
    """What an external model said of an image: never literature, always marked as coming from a tool."""

    tool: str
    text: str
    arguments: str = ""
    """As sent, in JSON, without the image."""
    query: str = ""
    """The words that it added to the search of the literature."""


class CheckedCitation(Record, frozen=True):
    """One citation of one sentence, and what the verifier found in the paper itself."""

    key: str
    pmid: int
    id: str
    """Article.id."""
    judgement: Judgement


class Draft(Record, frozen=True):
    """A sentence as it was written, with the keys that it cites, before anything of it was checked."""

    text: str
    """Without its markers."""
    keys: tuple[str, ...]
    evidence: Evidence | None = None
    """Of a quoted sentence: where it stands in the one article that it cites."""


class AnswerSentence(Record, frozen=True):
    text: str
    """Without its markers."""
    verdict: Verdict
    """The best of its citations' verdicts; contradicted where any citation contradicts it."""
    citations: tuple[CheckedCitation, ...] = ()
    origin: Literal["model", "extract", "tool"] = "model"
    """Who wrote it: the language model, the paper itself (quoted), or an external tool."""
    repaired: bool = False
    """Whether the model rewrote it once after its first form had failed."""


class IncidentKind(StrEnum):
    """What can go wrong between a question and an answer; each is shown, none is mended in silence."""

    UNKNOWN_KEY = "unknown_key"
    """A marker that names no source."""
    FORGED_IDENTIFIER = "forged_identifier"
    """A PMID, PMCID, DOI or address in the text that the model was never shown."""
    UNCITED = "uncited"
    """A sentence that claims something and cites nothing."""
    UNSUPPORTED = "unsupported"
    """No cited paper says it."""
    CONTRADICTED = "contradicted"
    """A cited paper says the opposite."""
    WRONG_PAPER = "wrong_paper"
    """The cited paper does not say it; another source does, and the citation was moved there."""
    MALFORMED = "malformed"
    """Output that is no text of an answer: broken JSON, markup, an empty reply."""
    DROPPED = "dropped"
    """The stream ended before the model had finished."""
    TOO_LONG = "too_long"
    """The model went on beyond its bound and was cut off."""
    REFUSED = "refused"
    """The model declined to answer."""
    UNAVAILABLE = "unavailable"
    """The model could not be reached or answered with an error; the extractive composer took over."""
    TOOL_LOOP = "tool_loop"
    """The model called tools again and again, or the same one with the same arguments."""
    UNKNOWN_TOOL = "unknown_tool"
    """The model called a tool that is not registered, or with arguments that its schema does not allow."""
    TOOL_FAILED = "tool_failed"
    INJECTION = "injection"
    """A source or a question holds text that addresses the model; it was passed on as data, neutralised."""


class Incident(Record, frozen=True):
    kind: IncidentKind
    message: str
    """For people: what happened and what became of it."""
    value: str = ""
    """The marker, identifier or tool at fault, as the model wrote it."""
    sentence: str = ""
    """The sentence as it was written, where one is concerned."""


class Abstention(Record, frozen=True):
    """Why there is no answer."""

    reason: Literal["no_sources", "not_answered", "nothing_supported", "no_question"]
    """Nothing was found; what was found does not answer; nothing that was written held; nothing was asked that
    literature could answer."""
    message: str
    confidence: float | None = None
    """The calibrated probability that the literature found answers the question, where it decided."""


class Stance(Record, frozen=True):
    """One paper's word on a sentence of the answer."""

    key: str
    pmid: int
    year: int | None
    study_types: tuple[str, ...]
    judgement: Judgement


class Conflict(Record, frozen=True):
    """A sentence on which the sources do not agree."""

    sentence: str
    support: tuple[Stance, ...]
    against: tuple[Stance, ...]
    """Both newest first."""


class Decision(Record, frozen=True):
    """Which experts a question was sent to, and why."""

    experts: tuple[str, ...]
    """Of lexical, dense, image, slide, tools; empty where nothing was looked up."""
    reasons: tuple[str, ...]
    """One sentence for each choice."""
    router: str
    """"rules", or the id of a learned one."""
    tools: tuple[str, ...] = ()
    """Names of registered tools to call."""


class Answer(Record, frozen=True):
    """All that is needed to read, check and repeat an answer."""

    question: str
    sentences: tuple[AnswerSentence, ...]
    """Those that stay: each supported, at least partly, by every paper that it still cites, or from a tool."""
    dropped: tuple[AnswerSentence, ...] = ()
    """What was written and did not hold, with the verdicts that say why; never part of the answer."""
    sources: tuple[Source, ...] = ()
    abstention: Abstention | None = None
    conflicts: tuple[Conflict, ...] = ()
    incidents: tuple[Incident, ...] = ()
    tools: tuple[ToolResult, ...] = ()
    notices: tuple[str, ...] = ()
    citation_recall: float | None = None
    """Share of the sentences written, kept or dropped, that their citations support (ALCE, Gao et al. 2023)."""
    citation_precision: float | None = None
    """Share of the citations written that support their sentence (ALCE)."""
    generation: str = ""
    query: str = ""
    """The query that was searched, after condensing and tools."""
    policy: IntegrityPolicy = IntegrityPolicy.EXCLUDE
    models: dict[str, str] = field(default_factory=dict)
    """encoder, reranker, verifier, composer (the language model, or "extractive")."""
    decision: Decision | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)


# --- What happens on the way, in this order -------------------------------------------------------------------------


class Searched(Record, frozen=True, tag="searched"):
    query: str
    decision: Decision | None = None


class Sourced(Record, frozen=True, tag="sources"):
    sources: tuple[Source, ...]


class Written(Record, frozen=True, tag="sentence"):
    """A sentence that was checked and stays."""

    sentence: AnswerSentence


class Happened(Record, frozen=True, tag="incident"):
    incident: Incident


class Finished(Record, frozen=True, tag="answer"):
    answer: Answer


AnswerEvent = Searched | Sourced | Written | Happened | Finished
"""What `Answerer.stream` yields; `Finished` is the last, always, and holds everything that came before."""
