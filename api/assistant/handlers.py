"""What each tool does: arguments in, the generation's doors asked, a bounded result out."""

from __future__ import annotations

from contextlib import closing
from typing import Final

from api.assistant.answers import AnswerAnswer, answer_answer
from api.assistant.arguments import (
    AnswerArguments,
    ArticleArguments,
    CiteArguments,
    ImageArguments,
    SearchArguments,
    VerifyArguments,
    image_bytes,
)
from api.assistant.cited import CiteAnswer, cite_answer, lookup_request
from api.assistant.doors import Doors
from api.assistant.results import (
    ArticleAnswer,
    ImageAnswer,
    Judged,
    SearchAnswer,
    VerifyAnswer,
    article_answer,
    image_answer,
    judged,
    search_answer,
)
from retrieval.answer.records import Answer, Finished, Question
from retrieval.errors import ArticleNotFoundError, InputError
from retrieval.image.records import ImageQuery
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import may_support
from retrieval.records import IntegrityPolicy, Query
from retrieval.verify.base import Claim, Verdict
from retrieval.verify.standing import without_support

_BEST: Final = 5


def search_literature(doors: Doors, asked: SearchArguments) -> SearchAnswer:
    query = Query(text=asked.query, limit=asked.limit, filters=asked.filters(asked.policy))
    return search_answer(doors.search(query))


def search_by_image(doors: Doors, asked: ImageArguments) -> ImageAnswer:
    query = ImageQuery(words=asked.words, limit=asked.limit, filters=asked.filters())
    return image_answer(doors.search_image(query, image_bytes(asked.image_base64), asked.part))


def get_article(doors: Doors, asked: ArticleArguments) -> ArticleAnswer:
    return article_answer(doors.article(asked.id), doors.generation)


def cite(doors: Doors, asked: CiteArguments) -> CiteAnswer:
    return cite_answer(doors.look_up(lookup_request(asked), lambda done, total: None))


def verify_claim(doors: Doors, asked: VerifyArguments) -> VerifyAnswer:
    """An article that is not there is an entry with its error; the others are judged all the same. A retracted one
    supports nothing, and counts neither for nor against."""
    found: list[IndexedArticle] = []
    missing: list[Judged] = []
    for name in dict.fromkeys(asked.ids):
        try:
            found.append(doors.article(name))
        except (ArticleNotFoundError, InputError) as exc:
            missing.append(Judged(id=name, error=str(exc)))
    if not asked.ids:
        hits = doors.search(Query(text=asked.claim, limit=_BEST)).hits
        found = [IndexedArticle(article=hit.article, integrity=hit.integrity) for hit in hits]
    judgements = doors.judge([Claim(asked.claim, indexed.article) for indexed in found])
    usable = [may_support(indexed.integrity, IntegrityPolicy.EXCLUDE) for indexed in found]
    articles = [
        judged(indexed, judgement if use else without_support(judgement))
        for indexed, judgement, use in zip(found, judgements, usable, strict=True)
    ]
    verdicts = {judgement.verdict for judgement, use in zip(judgements, usable, strict=True) if use}
    return VerifyAnswer(
        claim=asked.claim, verdict=_overall(verdicts), articles=[*articles, *missing], generation=doors.generation
    )


def answer(doors: Doors, asked: AnswerArguments) -> AnswerAnswer:
    image = image_bytes(asked.image_base64) if asked.image_base64 else None
    question = Question(text=asked.question, filters=asked.filters(), sentences=asked.sentences)
    return answer_answer(finished(doors, question, image))


def finished(doors: Doors, question: Question, image: bytes | None) -> Answer:
    with closing(doors.stream(question, image)) as events:
        for event in events:
            if isinstance(event, Finished):
                return event.answer
    raise RuntimeError("an answer's stream ended without its answer")


def _overall(verdicts: set[Verdict]) -> Verdict:
    order = (Verdict.CONTRADICTED, Verdict.SUPPORTED, Verdict.PARTLY)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.NOT_FOUND)
