"""The mapping names every field, and a live one that has drifted from it is refused by the field's name."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from retrieval.errors import IncompatibleError
from retrieval.index.elasticsearch.mapping import INDEX_SETTINGS, index_body, require_mapping

EXPECTED = index_body(dimension=384, joint_dimension=512, vectors="int8_hnsw")


def test_nothing_is_let_in_that_has_no_name() -> None:
    assert EXPECTED["dynamic"] == "strict"
    assert EXPECTED["_source"] == {"includes": ["stored", "figures"]}


def test_text_is_scored_by_a_similarity_that_the_settings_define() -> None:
    assert EXPECTED["properties"]["text"]["similarity"] in INDEX_SETTINGS["similarity"]
    assert INDEX_SETTINGS["similarity"]["pathlit"] == {"type": "BM25", "k1": 1.2, "b": 0.75}


def test_without_encoders_there_are_no_vectors() -> None:
    plain = index_body(dimension=None, joint_dimension=None, vectors="int8_hnsw")
    assert not {"vector", "figures", "joint_texts", "joint_images"} & set(plain["properties"])


@pytest.mark.parametrize(("dimension", "kind"), [(384, "bbq_hnsw"), (64, "bbq_hnsw"), (63, "hnsw")])
def test_vectors_too_short_to_be_shortened_are_kept_as_they_are(dimension: int, kind: str) -> None:
    body = index_body(dimension=dimension, joint_dimension=None, vectors="bbq_hnsw")
    assert body["properties"]["vector"]["index_options"]["type"] == kind


def test_rows_of_the_joint_space_are_never_kept_as_bits() -> None:
    body = index_body(dimension=None, joint_dimension=512, vectors="bbq_hnsw")
    rows = body["properties"]["joint_texts"]["properties"]
    assert rows["vector"]["index_options"]["type"] == "int8_hnsw"


def test_the_mapping_itself_is_accepted_whatever_is_said_beside_it() -> None:
    require_mapping({**deepcopy(EXPECTED), "_meta": {"pathlit": {"sealed": True}}}, EXPECTED, "pathlit-000001")


def _without_year(live: dict[str, Any]) -> None:
    del live["properties"]["year"]


def _with_another_field(live: dict[str, Any]) -> None:
    live["properties"]["score"] = {"type": "float"}


def _year_as_text(live: dict[str, Any]) -> None:
    live["properties"]["year"]["type"] = "keyword"


def _other_analyzer(live: dict[str, Any]) -> None:
    live["properties"]["text"]["analyzer"] = "english"


def _shorter_vectors(live: dict[str, Any]) -> None:
    live["properties"]["joint_texts"]["properties"]["vector"]["dims"] = 64


def _open_to_all(live: dict[str, Any]) -> None:
    live["dynamic"] = "true"


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (_without_year, "year is missing"),
        (_with_another_field, "score does not belong"),
        (_year_as_text, "year.type is 'keyword' instead of 'integer'"),
        (_other_analyzer, "text.analyzer is 'english' instead of 'whitespace'"),
        (_shorter_vectors, "joint_texts.vector.dims is 64 instead of 512"),
        (_open_to_all, "dynamic is 'true' instead of 'strict'"),
    ],
)
def test_a_mapping_that_drifted_is_refused_by_the_name_of_the_field(drift: Any, said: str) -> None:
    live = deepcopy(EXPECTED)
    drift(live)
    with pytest.raises(IncompatibleError, match=f"the mapping of pathlit-000001 .*: {said}; rebuild"):
        require_mapping(live, EXPECTED, "pathlit-000001")


def test_of_many_differences_the_first_are_named() -> None:
    with pytest.raises(
        IncompatibleError, match=r"_source is missing; dynamic is missing; author is missing and \d+ more"
    ):
        require_mapping({"properties": {}}, EXPECTED, "pathlit-000001")
