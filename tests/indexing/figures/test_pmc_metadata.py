"""What PMC says of an article version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from indexing.figures.pmc_metadata import PmcFile, PmcMetadata, read_metadata
from retrieval.errors import RecordError
from tests.servers.pmc_bucket import article


def read(**changes: Any) -> PmcMetadata:
    files = article("PMC7.2", pmid=70, images=["f1.jpg"], metadata=changes)
    return read_metadata(files["metadata/PMC7.2.json"], "PMC7.2", "PMC")


def test_metadata_as_pmc_writes_them() -> None:
    metadata = read()
    assert (metadata.pmcid, metadata.pmid, metadata.doi) == ("PMC7.2", 70, "10.5555/pmc7.2")
    assert (metadata.licence, metadata.is_retracted) == ("CC BY", False)
    assert (metadata.xml.key, len(metadata.xml.md5)) == ("PMC7.2/PMC7.2.xml", 32)
    assert [(file.key, file.name) for file in metadata.media] == [("PMC7.2/f1.jpg", "f1.jpg")]


def test_what_may_be_missing() -> None:
    metadata = read(pmid=None, doi=None, media_urls=..., xml_url=..., license_code=None)
    assert metadata == PmcMetadata("PMC7.2", None, "", "", False, PmcFile("PMC7.2/PMC7.2.xml"), ())


@pytest.mark.parametrize(("pmid", "number"), [("70", 70), (70, 70), ("", None), (0, None)])
def test_a_pmid_may_be_digits(pmid: Any, number: int | None) -> None:
    assert read(pmid=pmid).pmid == number


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"license_code": ...}, "lack 'license_code'"),
        ({"is_retracted": ...}, "lack 'is_retracted'"),
        ({"is_retracted": "perhaps"}, "neither true nor false"),
        ({"pmid": "seventy"}, "'seventy', which is not a number"),
        ({"pmcid": "PMC8"}, "those of PMC8 version 2"),
        ({"version": 1}, "those of PMC7 version 1"),
        ({"media_urls": "f1.jpg"}, "no list as media_urls"),
        ({"xml_url": "s3://pmc-oa-opendata/../../etc/passwd"}, "outside of its folder"),
    ],
)
def test_unusable_metadata_are_rejected_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RecordError, match=reason) as caught:
        read(**changes)
    assert caught.value.identifier == "PMC7.2"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", json.dumps("PMC7").encode()])
def test_what_is_no_json_object_is_rejected(data: bytes) -> None:
    with pytest.raises(RecordError, match="no JSON"):
        read_metadata(data, "PMC7.2", "PMC")


@pytest.mark.parametrize(
    "url",
    ["s3://b/PMC8.1/f.jpg", "s3://b/PMC7.2/../x.jpg", "PMC7.2/..", "s3://b/PMC7.2/a/b.jpg", "/etc/passwd", 7, None],
)
def test_media_outside_of_the_folder_of_the_article_do_not_count(url: Any) -> None:
    assert read(media_urls=[url]).media == ()
