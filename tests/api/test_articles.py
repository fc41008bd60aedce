"""What GET /v1/articles/{id} answers."""

from __future__ import annotations

import msgspec
import pytest
from starlette.testclient import TestClient

from api.schemas import ArticleResponse, article_view
from retrieval.index.interface import IndexedArticle
from retrieval.records import (
    Article,
    Book,
    Chemical,
    Correction,
    Finding,
    Grant,
    Integrity,
    IntegrityStatus,
    MeshHeading,
    OtherAbstract,
    Qualifier,
    Section,
    SupplementaryMesh,
)
from tests.api.library import LOCAL


@pytest.mark.parametrize("name", ["101", "pmid:101", "PMID 101", "pmid101", " 101 "])
def test_an_article_is_found_by_its_pmid_however_it_is_written(client: TestClient, name: str) -> None:
    data = client.get(f"/v1/articles/{name}").json()["data"]
    assert (data["id"], data["pmid"]) == ("pmid:101", 101)


@pytest.mark.parametrize("name", ["scifact:4983", str(LOCAL.pmid)])
def test_a_local_article_is_found_by_its_own_id_or_its_key(client: TestClient, name: str) -> None:
    data = client.get(f"/v1/articles/{name}").json()["data"]
    assert (data["id"], data["pmid"], data["url"]) == ("scifact:4983", None, None)


def test_a_retracted_article_is_shown_with_its_standing(client: TestClient) -> None:
    data = client.get("/v1/articles/102").json()["data"]
    assert data["integrity"]["status"] == "retracted"
    assert data["corrections"] == [
        {"ref_type": "RetractionIn", "pmid": 103, "source": "Mod Pathol. 2016;29:1", "note": None}
    ]


def test_the_refusal_names_the_id_that_was_asked_for(client: TestClient) -> None:
    assert client.get("/v1/articles/scifact:1").json()["error"]["message"] == (
        "'scifact:1' is not in generation 000001; check it, or index the source that holds it"
    )


def test_an_id_may_hold_slashes(client: TestClient) -> None:
    answer = client.get("/v1/articles/corpus/part%2F7")
    assert answer.json()["error"]["message"].startswith("'corpus/part/7' is not in generation")


def test_the_whole_record_is_there(client: TestClient) -> None:
    data = client.get("/v1/articles/101").json()["data"]
    assert data["sections"][0] == {
        "text": "Small biopsies of the lung are hard to classify.",
        "label": "BACKGROUND",
        "category": "BACKGROUND",
    }
    assert data["authors"] == [
        {
            "name": "Smith JA",
            "last_name": "Smith",
            "fore_name": "Jane Ann",
            "initials": "JA",
            "suffix": None,
            "collective_name": None,
            "orcid": "0000-0002-1825-0097",
            "affiliations": [],
        }
    ]
    assert data["published"] == {"sortable": "2018-07-01", "precision": "month", "raw": "2018 Jul"}
    assert data["mesh"] == [{"name": "Lung Neoplasms", "ui": "D008175", "major": True, "qualifiers": []}]
    assert data["journal"]["issn"] == "1530-0285"
    assert data["citation"].startswith("Smith JA. TTF-1 and p40")
    assert data["abstract"].startswith("BACKGROUND: Small biopsies")


def test_no_field_of_the_record_is_left_out() -> None:
    own_words = {"source_id"}  # it is the id
    of_the_record = {field.name for field in msgspec.structs.fields(Article)} - own_words
    assert of_the_record - set(ArticleResponse.model_fields) == set()


def test_nothing_is_lost_on_the_way_down() -> None:
    qualifier = Qualifier(name="pathology", ui="Q000473", major=True)
    article = Article(
        pmid=5,
        book=Book(title="GeneReviews", accession="NBK1116"),
        other_abstracts=(OtherAbstract(sections=(Section(text="Lunge."),), language="ger"),),
        mesh=(MeshHeading(name="Lung", ui="D008168", qualifiers=(qualifier,)),),
        supplementary_mesh=(SupplementaryMesh(name="Rare", ui="C1", type="Disease"),),
        chemicals=(Chemical(name="Water", ui="D014867", registry_number="059QF0KO0R"),),
        grants=(Grant(number="R01", agency="NCI"),),
        corrections=(Correction(ref_type="CommentOn", source="Lancet. 2001"),),
        references=(3, 4),
        keywords=("lung",),
    )
    finding = Finding(IntegrityStatus.CORRECTED, "PubMed CommentsCorrections", "ErratumIn 9", "2004-03", notice_pmid=9)
    integrity = Integrity(status=IntegrityStatus.CORRECTED, findings=(finding,))
    shown = article_view(IndexedArticle(article=article, integrity=integrity)).model_dump(mode="json")
    assert shown["book"] == {"title": "GeneReviews", "publisher": None, "accession": "NBK1116", "edition": None}
    assert shown["other_abstracts"] == [
        {"sections": [{"text": "Lunge.", "label": None, "category": None}], "language": "ger", "type": None}
    ]
    assert shown["mesh"][0]["qualifiers"] == [{"name": "pathology", "ui": "Q000473", "major": True}]
    assert shown["supplementary_mesh"] == [{"name": "Rare", "ui": "C1", "type": "Disease"}]
    assert shown["chemicals"] == [{"name": "Water", "ui": "D014867", "registry_number": "059QF0KO0R"}]
    assert shown["grants"] == [{"number": "R01", "acronym": None, "agency": "NCI", "country": None}]
    assert shown["corrections"] == [{"ref_type": "CommentOn", "pmid": None, "source": "Lancet. 2001", "note": None}]
    assert (shown["references"], shown["keywords"]) == ([3, 4], ["lung"])
    assert shown["integrity"]["findings"][0]["date"] == "2004-03"
    assert (shown["integrity"]["status"], shown["integrity"]["related_pmids"]) == ("corrected", [9])
