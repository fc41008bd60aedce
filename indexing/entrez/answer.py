"""What an E-utilities answer is: a complete XML document, a document cut off, or an error message in a 200 answer."""

from __future__ import annotations

import json
import re
from html import unescape

_PROLOG = 500
"""Bytes at the start in which an HTML page, perhaps behind an XML declaration, gives itself away."""

_ERROR = re.compile(rb"<ERROR>(.*?)</ERROR>", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_UNSHOWN = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_ROOT = re.compile(rb"<([A-Za-z][\w.-]*)[^>]*?(/?)>")


def complaint(body: bytes) -> str | None:
    """The server's own words where the body is an error message (XML, JSON, HTML or plain text), otherwise None."""
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        return None
    if body[:1] == b"{":
        return _json_complaint(body.decode(errors="replace"))
    if body[:1] != b"<":
        return body.decode(errors="replace")
    if _HTML.search(body, 0, _PROLOG):
        return unescape(_UNSHOWN.sub(" ", body.decode(errors="replace"))).strip() or "an HTML page without text"
    if errors := _ERROR.findall(body):
        return unescape("; ".join(error.decode(errors="replace").strip() for error in errors))
    return None


def is_complete(body: bytes) -> bool:
    """True where an XML body ends with the end of its root element."""
    root = _ROOT.search(body)
    if root is None:
        return False
    name, empty = root.groups()
    return root.end() == len(body.rstrip()) if empty else body.rstrip().endswith(b"</" + name + b">")


def _json_complaint(text: str) -> str:
    try:
        answer = json.loads(text, strict=False)  # NCBI prints raw newlines inside strings
    except json.JSONDecodeError:
        return text
    for part in (answer, answer.get("esearchresult")):
        if isinstance(part, dict) and (words := part.get("error") or part.get("ERROR")):
            return str(words)
    return text
