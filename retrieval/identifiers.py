"""How articles are named: PMIDs, and keys for articles that have none."""

from __future__ import annotations

import hashlib
import re

from retrieval.errors import InputError
from retrieval.records import LOCAL_PMID_FLOOR

KEY_CEILING = 1 << 53
"""Every key is below this: the integers that JSON readers in other languages keep exact."""

_PMID_FORM = re.compile(r"pmid(?:\s*:\s*|\s+|(?=\d))(.*)", re.IGNORECASE | re.DOTALL)
_DIGITS = re.compile(r"[0-9]{1,16}")
_NUMBER_LIKE = re.compile(r"[-+.,\d\s]+")


def local_key(source_id: str) -> int:
    """The key of an article without a PMID, in [LOCAL_PMID_FLOOR, 2**53): a hash of its id, the same everywhere."""
    digest = hashlib.blake2b(source_id.encode(errors="surrogatepass"), digest_size=8).digest()
    return LOCAL_PMID_FLOOR + int.from_bytes(digest, "big") % (KEY_CEILING - LOCAL_PMID_FLOOR)


def pmid_in(text: str) -> int | None:
    """The PMID of "pmid:123", "PMID 123" or "pmid123"; None where the text has no such form.

    Raises InputError for "pmid:" before anything that is not a PMID.
    """
    match = _PMID_FORM.fullmatch(text.strip())
    if not match:
        return None
    digits = match[1].strip()
    if not _DIGITS.fullmatch(digits) or not 0 < int(digits) < LOCAL_PMID_FLOOR:
        raise InputError(f"{text.strip()[:80]!r} is not a PMID: write a positive number, as in pmid:29952771")
    return int(digits)


def parse_identifier(text: str) -> int:
    """The key of an article from what people write: "29952771", "pmid:29952771", "PMID 29952771", "scifact:4983".

    Bare digits are a PMID, or the key of a local article; any other name is the id that its source gave it.
    """
    name = text.strip()
    if not name:
        raise InputError("an empty text names no article: write a PMID such as 29952771, or the article's own id")
    pmid = pmid_in(name)
    if pmid is not None:
        return pmid
    if _DIGITS.fullmatch(name) and 0 < int(name) < KEY_CEILING:
        return int(name)
    if _NUMBER_LIKE.fullmatch(name):
        raise InputError(f"{name[:80]!r} names no article: a PMID is a positive whole number, such as 29952771")
    return local_key(name)


def possible_keys(text: str) -> tuple[int, ...]:
    """The keys that a name may stand for, likeliest first: bare digits are a PMID, or some source's own id."""
    key = parse_identifier(text)
    return (key, local_key(text.strip())) if _DIGITS.fullmatch(text.strip()) else (key,)
