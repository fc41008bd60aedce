"""A loopback stand-in for the PMC Cloud: an S3 bucket of article folders, with faults on demand.

    with PmcBucket() as bucket:
        bucket.add(article("PMC1.1", pmid=11))
        bucket.faults.append(Fault(status=503, headers={"Retry-After": "1"}))
        with PmcCloud(bucket.url) as cloud: ...

`write_to` lays the same articles out as a folder on disk. Each fault spoils one request, in order; `requests` keeps
what was asked: keys, and prefixes as "?PMC1.".
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BY = "https://creativecommons.org/licenses/by/4.0/"
_LICENCES = {
    "CC BY": BY,
    "CC BY-NC": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
JPEG = b"\xff\xd8\xff\xe0 stand-in for a photograph \xff\xd9"


def jats(
    version: str, *, pmid: int | None = None, body: str = "", permissions: str | None = None, url: str = BY
) -> bytes:
    """An article as PMC prints it, with the given body and the address of its licence."""
    pmcid, _, _ = version.partition(".")
    if permissions is None:
        permissions = (
            f'<license><license_ref xmlns="http://www.niso.org/schemas/ali/1.0/">{url}</license_ref></license>'
        )
    ids = f'<article-id pub-id-type="pmid">{pmid}</article-id>' if pmid else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"><front>
<article-meta><article-id pub-id-type="pmcid">{pmcid}</article-id>
<article-id pub-id-type="pmcid-ver">{version}</article-id>{ids}
<article-id pub-id-type="doi">10.5555/{version.lower()}</article-id>
<permissions>{permissions}</permissions></article-meta></front><body>{body}</body></article>""".encode()


def fig(name: str, caption: str, *, href: str | None = None, inside: str = "") -> str:
    """A figure with one image, `name`.jpg unless `href` says otherwise."""
    graphic = f'<graphic xlink:href="{name if href is None else href}"/>' if href != "" else ""
    return f'<fig id="{name}"><label>Figure {name[-1]}</label><caption>{caption}</caption>{graphic}{inside}</fig>'


def article(
    version: str,
    *,
    pmid: int | None = None,
    licence: str | None = "CC BY",
    retracted: bool = False,
    body: str = "",
    images: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """The files of one article version by key; `metadata` replaces what its JSON says, or with ... leaves it out."""
    pmcid, _, number = version.partition(".")
    url = _LICENCES.get(licence or "", "")
    files = {f"{version}/{version}.xml": jats(version, pmid=pmid, body=body, url=url)}
    files |= {f"{version}/{name}": JPEG + name.encode() for name in images}
    urls = {key: f"s3://pmc-oa-opendata/{key}?md5={_md5(data)}" for key, data in files.items()}
    says = {
        "pmcid": pmcid,
        "version": int(number),
        "pmid": pmid,
        "doi": f"10.5555/{version.lower()}",
        "is_pmc_openaccess": True,
        "is_retracted": retracted,
        "license_code": licence,
        "xml_url": urls[f"{version}/{version}.xml"],
        "media_urls": [urls[f"{version}/{name}"] for name in images],
    }
    said = {key: value for key, value in (says | dict(metadata or {})).items() if value is not ...}
    files[f"metadata/{version}.json"] = json.dumps(said).encode()
    return files


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. Without a status, the true answer is cut short or comes late."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: float = 1.0
    """The part of the body that is sent before the connection closes."""


class PmcBucket:
    def __init__(self, *, page: int = 1000) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: deque[Fault] = deque()
        self.requests: list[str] = []
        self.page = page
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def add(self, *articles: dict[str, bytes]) -> None:
        for files in articles:
            self.files |= files

    def write_to(self, folder: Path) -> None:
        for key, data in self.files.items():
            folder.joinpath(key).parent.mkdir(parents=True, exist_ok=True)
            folder.joinpath(key).write_bytes(data)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/"

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def begin(self, asked: str) -> Fault | None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.requests.append(asked)
            return self.faults.popleft() if self.faults else None

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1

    def listing(self, query: dict[str, list[str]]) -> bytes:
        prefix, after = query["prefix"][0], query.get("continuation-token", [""])[0]
        found = sorted({key.partition("/")[0] + "/" for key in self.files if key.startswith(prefix)})
        rest = [name for name in found if name > after]
        page, more = rest[: self.page], len(rest) > self.page
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        prefixes = "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in page)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>pmc-oa-opendata</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{token}{prefixes}</ListBucketResult>"
        ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # headers and body in one packet: otherwise each answer waits for the client's delayed ACK

    def __init__(self, bucket: PmcBucket, *connection: Any) -> None:
        self._bucket = bucket
        super().__init__(*connection)  # answers the requests

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        key, query = unquote(url.path).lstrip("/"), parse_qs(url.query)
        fault = self._bucket.begin(key or f"?{query['prefix'][0]}")
        try:
            if fault and fault.status:
                return self._send(fault.status, b"<Error/>", fault.headers)
            body = self._bucket.files.get(key) if key else self._bucket.listing(query)
            if body is None:
                return self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return self._send(200, body, keep=fault.keep if fault else 1.0)
        finally:
            self._bucket.end()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, keep: float = 1.0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: int(len(body) * keep)])
        self.close_connection = keep < 1.0

    def log_message(self, *_: object) -> None:
        """Nothing: `requests` is the log."""
