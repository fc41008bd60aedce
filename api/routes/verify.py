"""Checking claims against articles or texts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from api.declared import failures
from api.schemas.answer import judgement_view
from api.schemas.envelope import Envelope
from api.schemas.verify import VerifyErrorView, VerifyItem, VerifyOutcomeView, VerifyRequest, VerifyResponse
from api.schemas.view import IntegrityView
from api.service import service_of
from retrieval.errors import InputError, PathlitError
from retrieval.index.interface import IndexedArticle
from retrieval.integrity import may_support
from retrieval.records import IntegrityPolicy
from retrieval.search import Searcher
from retrieval.verify.base import Claim, Judgement, Verifier
from retrieval.verify.standing import without_support

router = APIRouter(tags=["citations"])

_Asked = Annotated[
    VerifyRequest,
    Body(
        openapi_examples={
            "article": {
                "summary": "Does this article say so?",
                "value": {"items": [{"claim": "p40 marks squamous carcinoma.", "pmid": 29952771}]},
            },
            "text": {
                "summary": "Does this text say so?",
                "value": {
                    "items": [
                        {
                            "claim": "HER2 was amplified in 20 % of the tumours.",
                            "evidence": "HER2 amplification was found in 12 of 60 tumours (20%).",
                        }
                    ]
                },
            },
        }
    ),
]


@router.post(
    "/verify",
    response_model=Envelope[VerifyResponse],
    responses=failures(400, 401, 408, 413, 415, 422, 500, 503),
    summary="Check claims against articles",
)
async def verify(asked: _Asked, request: Request) -> Response:
    """Whether each article, or text, supports a claim, contradicts it or does not say, with the span that decides.

    `supported` is said with caution; what is less sure is `partly_supported`. A retracted article supports nothing
    unless `integrity` is `allow`. Each item has an outcome of its own: one that cannot be used
    fails nothing but itself.
    """

    def work(searcher: Searcher, verifier: Verifier) -> VerifyResponse:
        return VerifyResponse(items=_outcomes(asked, searcher, verifier), verifier=verifier.id)

    return await service_of(request).verify(request, work)


def _outcomes(asked: VerifyRequest, searcher: Searcher, verifier: Verifier) -> list[VerifyOutcomeView]:
    found = [_found(item, searcher) for item in asked.items]
    articles = [(i, one) for i, one in enumerate(found) if isinstance(one, IndexedArticle)]
    texts = [(i, one) for i, one in enumerate(found) if isinstance(one, str)]
    claims = [item.claim for item in asked.items]
    by_article = verifier.judge([Claim(claims[i], one.article) for i, one in articles]) if articles else []
    by_text = verifier.judge_texts([(claims[i], text) for i, text in texts]) if texts else []
    places = [i for i, _ in (*articles, *texts)]
    judgements = dict(zip(places, (*by_article, *by_text), strict=True))
    return [_outcome(i, one, judgements.get(i), asked.integrity) for i, one in enumerate(found)]


def _found(item: VerifyItem, searcher: Searcher) -> IndexedArticle | str | PathlitError:
    """The article, the text, or why the item cannot be judged."""
    if not item.claim.strip() or (item.pmid is None) == (item.evidence is None):
        return InputError("an item has a claim and either a pmid or evidence")
    if item.evidence is not None:
        return item.evidence
    try:
        return searcher.article(str(item.pmid))
    except PathlitError as exc:
        return exc


def _outcome(
    index: int, found: IndexedArticle | str | PathlitError, judgement: Judgement | None, policy: IntegrityPolicy
) -> VerifyOutcomeView:
    usable = may_support(found.integrity, policy) if isinstance(found, IndexedArticle) else isinstance(found, str)
    if judgement is not None and not usable:
        judgement = without_support(judgement)
    article = found if isinstance(found, IndexedArticle) else None
    return VerifyOutcomeView(
        index=index,
        id=article.article.id if article else None,
        integrity=IntegrityView.model_validate(article.integrity) if article else None,
        usable=usable,
        judgement=judgement_view(judgement) if judgement else None,
        error=VerifyErrorView(code=found.code, message=str(found)) if isinstance(found, PathlitError) else None,
    )
