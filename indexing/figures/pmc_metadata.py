"""What PMC says of one article version: its JSON metadata, checked.

Documented by NLM: one such file per version, with pmcid, version, pmid, doi, is_retracted, license_code, xml_url and
media_urls, the URLs as s3://BUCKET/PMC1.1/NAME?md5=HEX. Assumed where it could not be checked: a licence may be null
(then none is known), pmid may be a number or digits, and without an xml_url the text lies at PMC1.1/PMC1.1.xml.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from indexing.figures.licences import licence_code
from retrieval.errors import RecordError
from retrieval.records import Record

VERSION_NAME: Final = re.compile(r"PMC([1-9]\d{0,11})\.([1-9]\d{0,3})")
"""An article version as PMC names it: PMC1234567.1."""
_URL: Final = re.compile(r"(?:[a-z0-9]+://[^/]+/)?(?P<key>[^/\\?]+/[^/\\?]+)(?:\?md5=(?P<md5>[0-9a-f]{32}))?")
_YES_NO: Final = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


class PmcFile(Record, frozen=True):
    key: str
    """PMC1.1/NAME"""
    md5: str = ""
    """Empty where the metadata gives none."""

    @property
    def name(self) -> str:
        return self.key.partition("/")[2]


class PmcMetadata(Record, frozen=True):
    pmcid: str
    """With its version."""
    pmid: int | None
    doi: str
    licence: str
    """As `licence_code` names it; "" where none is stated."""
    is_retracted: bool
    xml: PmcFile
    media: tuple[PmcFile, ...]


def read_metadata(data: bytes, version: str, source: str) -> PmcMetadata:
    """The metadata of `version`, "PMC1.1"; RecordError where they are unusable or another article's."""

    def reject(reason: str) -> RecordError:
        return RecordError(source, version, reason)

    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise reject(f"its metadata are no JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise reject("its metadata are no JSON object")
    for key in ("license_code", "is_retracted"):
        if key not in found:
            raise reject(f"its metadata lack {key!r}")
    pmcid, _, number = version.partition(".")
    if str(found.get("pmcid", pmcid)).upper().partition(".")[0] != pmcid or str(found.get("version", number)) != number:
        raise reject(f"its metadata are those of {found.get('pmcid')} version {found.get('version')}")
    retracted = _YES_NO.get(str(found["is_retracted"]).lower())
    if retracted is None:
        raise reject(f"its metadata say is_retracted is {found['is_retracted']!r:.40}, neither true nor false")
    pmid = str(found.get("pmid") or "")
    if pmid and not (pmid.isascii() and pmid.isdigit()):
        raise reject(f"its metadata give the PMID {pmid!r:.40}, which is not a number")
    media = found.get("media_urls") or []
    if not isinstance(media, list):
        raise reject("its metadata hold no list as media_urls")
    xml = _file(found["xml_url"], version) if found.get("xml_url") else PmcFile(f"{version}/{version}.xml")
    if xml is None:
        raise reject(f"its metadata place the text outside of its folder: {found['xml_url']!r:.100}")
    return PmcMetadata(
        pmcid=version,
        pmid=int(pmid) if pmid and int(pmid) else None,
        doi=str(found.get("doi") or ""),
        licence=licence_code(str(found["license_code"] or "")),
        is_retracted=retracted,
        xml=xml,
        media=tuple(file for url in media if (file := _file(url, version))),
    )


def _file(url: Any, version: str) -> PmcFile | None:
    """Only what lies in the article's own folder: a key becomes a path on disk."""
    match = _URL.fullmatch(url) if isinstance(url, str) else None
    if match is None or not match["key"].startswith(f"{version}/") or match["key"].endswith(("/.", "/..")):
        return None
    return PmcFile(match["key"], match["md5"] or "")
