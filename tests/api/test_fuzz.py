"""Whatever is sent, the answer is a success or a refusal in the one shape, never a failure of the server."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.api.test_error_shape import check_shape

few = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
# Words that mean something to the query language, among others.
words = st.lists(
    st.sampled_from(
        'lung squamous " "lung -lung title:lung year:2015.. year:0000 pmid:101 pmid:99999999999999999999999 '
        "author: - :: doi:10.1/x type:\x00 p40; \ud800 é ٣".split()
    )
    | st.text(max_size=8),
    max_size=6,
).map(" ".join)
filters = st.fixed_dictionaries(
    {},
    optional={
        "year_from": st.integers() | anything,
        "year_to": st.integers(1, 9999),
        "mesh": st.lists(st.text(max_size=8), max_size=3),
        "publication_types": st.lists(words, max_size=2),
        "journals": st.lists(st.text(max_size=8), max_size=2),
        "languages": st.lists(st.text(max_size=3), max_size=2),
        "pmids": st.lists(st.integers(1, 1 << 53) | st.integers(), max_size=4),
        "exclude_pmids": st.lists(st.integers(1, 1 << 53), max_size=4),
        "integrity": st.sampled_from(["exclude", "label", "both"]),
    },
)
requests = st.fixed_dictionaries(
    {"query": words},
    optional={
        "limit": st.integers(0, 1002) | anything,
        "filters": filters | anything,
        "legs": st.lists(st.sampled_from(["lexical", "dense", "image"]), max_size=3) | anything,
        "fusion": st.sampled_from(["minmax", "rrf", ""]),
    },
)


def check(answer: Any) -> None:
    if answer.status_code == 200:
        assert list(answer.json()) == ["data", "meta"]
    else:
        assert answer.status_code < 500, answer.text
        check_shape(answer, answer.status_code, answer.json()["error"]["code"])


@few
@given(body=requests)
def test_searches_that_nearly_make_sense(client: TestClient, body: dict[str, Any]) -> None:
    content = json.dumps(body)
    check(client.post("/v1/search", content=content, headers={"content-type": "application/json"}))


@few
@given(body=anything)
def test_any_json(client: TestClient, body: Any) -> None:
    check(client.post("/v1/search", content=json.dumps(body), headers={"content-type": "application/json"}))


@few
@given(
    body=st.binary(max_size=60), kind=st.sampled_from(["application/json", "text/plain", "", "a", "application/x+json"])
)
def test_any_bytes(client: TestClient, body: bytes, kind: str) -> None:
    check(client.post("/v1/search", content=body, headers={"content-type": kind}))


@few
@given(text=words | st.text(max_size=30), limit=st.integers() | st.text(max_size=5))
def test_any_link(client: TestClient, text: str, limit: Any) -> None:
    params = {"q": text.encode(errors="replace").decode(), "limit": str(limit).encode(errors="replace").decode()}
    check(client.get("/v1/search", params=params))


@few
@given(name=st.text(max_size=30) | st.integers().map(str) | st.integers().map("pmid:{}".format))
def test_any_article(client: TestClient, name: str) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in name.encode(errors="surrogatepass"))
    check(client.get(f"/v1/articles/{quoted}"))
