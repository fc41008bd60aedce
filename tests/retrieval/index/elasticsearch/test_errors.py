"""What a cluster refuses, in pathlit's errors: what, where, what to do, and never the query."""

from __future__ import annotations

import traceback

import pytest

from retrieval.errors import ConfigurationError, GenerationError, InputError, PathlitError, UnavailableError
from retrieval.index.elasticsearch.connection import Access, connect
from retrieval.index.elasticsearch.errors import translated
from tests.servers.elasticsearch_answers import Answer, AnsweringServer, always, refusal

UNAUTHORIZED = (
    "action [indices:admin/create] is unauthorized for user [reader] with effective roles [viewer] on indices "
    "[pathlit-1], this action is granted by the index privileges [create_index,manage,all]"
)
FLOOD = (
    "index [pathlit-1] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
    "read-only-allow-delete block; for more information, see the documentation];"
)


def _refused(answer: Answer) -> tuple[PathlitError, str]:
    """What a search for "rare disease" becomes, and the host that was asked."""
    with AnsweringServer(answer) as server, pytest.raises(PathlitError) as refused, translated("searching pathlit-1"):
        connect(Access(hosts=(server.url,))).search(index="pathlit-1", query={"match": {"text": "rare disease"}})
    assert str(refused.value).startswith("searching pathlit-1: ")
    assert server.url in str(refused.value)
    return refused.value, str(refused.value)


def test_a_missing_privilege_is_named() -> None:
    error, message = _refused(refusal(403, "security_exception", UNAUTHORIZED))
    assert type(error) is ConfigurationError
    assert "indices:admin/create, which takes one of the index privileges [create_index,manage,all]" in message


def test_a_full_disk_says_which_watermark_and_what_to_do() -> None:
    error, message = _refused(refusal(429, "cluster_block_exception", FLOOD))
    assert type(error) is GenerationError
    assert "watermark.flood_stage; delete old generations or add room" in message


def test_another_block_is_named() -> None:
    reason = "index [pathlit-1] blocked by: [FORBIDDEN/8/index write (api)];"
    error, message = _refused(refusal(403, "cluster_block_exception", reason))
    assert type(error) is GenerationError
    assert "FORBIDDEN/8/index write (api)" in message


def test_a_cluster_without_a_master_is_unavailable() -> None:
    error, message = _refused(refusal(503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/2/no master];"))
    assert type(error) is UnavailableError
    assert "no elected master" in message


def test_a_missing_index_is_named() -> None:
    error, message = _refused(refusal(404, "index_not_found_exception", "no such index [pathlit-1]"))
    assert type(error) is GenerationError
    assert "has no index pathlit-1" in message


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (429, "es_rejected_execution_exception", "overloaded (es rejected execution)"),
        (429, "circuit_breaking_exception", "overloaded (circuit breaking)"),
        (503, "search_phase_execution_exception", "cannot answer now (search phase execution)"),
        (503, "master_not_discovered_exception", "cannot answer now (master not discovered)"),
    ],
)
def test_what_may_pass_is_unavailable(status: int, kind: str, said: str) -> None:
    error, message = _refused(refusal(status, kind, "of no interest"))
    assert type(error) is UnavailableError
    assert said in message


def test_a_gateway_that_answers_for_the_cluster_is_unavailable() -> None:
    error, message = _refused(always(502, "<html>Bad Gateway</html>", {}))
    assert type(error) is UnavailableError
    assert "cannot answer now (502)" in message


def test_a_document_that_does_not_fit_the_mapping_says_the_field_and_not_the_text() -> None:
    reason = (
        "[1:29] failed to parse field [date] of type [date] in document with id '7'. Preview of field's value: 'rare'"
    )
    error, message = _refused(refusal(400, "document_parsing_exception", reason))
    assert type(error) is GenerationError
    assert "failed to parse field [date] of type [date] in document with id '7'." in message
    assert "rare" not in message


def test_a_refused_query_is_not_repeated_even_with_its_traceback() -> None:
    reason = "Failed to parse query [rare disease]"
    error, message = _refused(
        refusal(400, "search_phase_execution_exception", reason, caused_by={"type": "query_shard_exception"})
    )
    assert type(error) is GenerationError
    assert "refuses the request (400, search phase execution, query shard)" in message
    assert "rare disease" not in "".join(traceback.format_exception(error))


def test_an_error_without_a_body_is_told_by_its_status() -> None:
    error, message = _refused(always(500, {}))
    assert type(error) is GenerationError
    assert "refuses the request (500, without a reason)" in message


def test_an_answer_that_is_no_json_points_at_the_address() -> None:
    cut = always(200, '{"cut', {"content-type": "application/json"})
    with (
        AnsweringServer(cut) as server,
        pytest.raises(ConfigurationError, match=r"counting: Elasticsearch answers what is no JSON.*hosts"),
        translated("counting"),
    ):
        connect(Access(hosts=(server.url,))).count(index="pathlit-1")


def test_pathlits_own_errors_pass_unchanged() -> None:
    own = InputError("as it was")
    with pytest.raises(InputError) as raised, translated("searching"):
        raise own
    assert raised.value is own
