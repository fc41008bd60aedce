"""A made-up PubMed as bulk files: a baseline, and update files that revise, delete, bring back and correct citations.

    tree = BulkTree(seed=1)
    tree.write(folder)                     # a mirror on disk
    with tree.serve() as server:           # or over HTTP, with faults
        BulkSource(server.url, folder)
    tree.truth()                           # what must come out

The same arguments always give the same files. `answer` serves one request, for whichever server it is mounted on.
"""

from __future__ import annotations

import gzip
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers.bulk_citations import Citation
from tests.servers.bulk_course import FIRST_PMID, Contents, updates
from tests.servers.bulk_server import Asked, BulkServer, Fault

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January '
    '2019//EN" "http://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_190101.dtd">\n<PubmedArticleSet>\n'
)

Answer = tuple[int, dict[str, str], bytes]


class BulkTree:
    """`published` is the number of the newest update file that shows, all where it is None; change it as days pass."""

    def __init__(
        self,
        seed: int = 1,
        year: int = 26,
        baseline_files: int = 5,
        update_files: int = 30,
        citations_per_file: int = 200,
        *,
        before: Mapping[int, Citation] | None = None,
    ) -> None:
        self.seed, self.year = seed, year
        self.baseline_files, self.update_files = baseline_files, update_files
        self.citations_per_file = citations_per_file
        self.published: int | None = None
        self.wrong_md5: dict[str, int] = {}
        """By file name, how many more times its .md5 is answered wrong."""
        self.vanished: set[str] = set()
        """Names that are listed, but answered 404."""
        self.republished: set[str] = set()
        """Names of files that have been packed anew: same records, other bytes, other ETag."""
        self.ranges = True
        """Whether Range is understood."""
        self._before = before

    # --- What is in the files -----------------------------------------------------------------------------------

    def name(self, number: int) -> str:
        return f"pubmed{self.year:02}n{number:04}.xml.gz"

    @property
    def numbers(self) -> range:
        """Of all files that show."""
        return range(1, (self._newest if self.published is None else min(self._newest, self.published)) + 1)

    @property
    def _newest(self) -> int:
        return self.baseline_files + self.update_files

    def day(self, number: int) -> date:
        """On which a file was made; every fifth update file shares its day with the one before."""
        update = number - self.baseline_files - 1
        if update < 0:
            return date(1999 + self.year, 12, 10)
        return date(2000 + self.year, 1, 5) + timedelta(days=update - (update + 1) // 5)

    def truth(self, through: int | None = None) -> dict[int, Citation]:
        """What PubMed holds after file `through` (the newest that shows), by PMID: higher versions win, then later
        revisions, then later files; a deletion leaves nothing."""
        newest = self.numbers[-1] if through is None else through
        state: dict[int, Citation] = {}
        for number, citations, deletions in self.contents():
            if number > newest:
                break
            for citation in citations:
                held = state.get(citation.pmid)
                if held is None or (citation.version, citation.revised) >= (held.version, held.revised):
                    state[citation.pmid] = citation
            for pmid in deletions:
                state.pop(pmid, None)
        return state

    def following(self, baseline_files: int = 5, update_files: int = 10) -> BulkTree:
        """The next year's tree: its baseline holds this one's last state, but for some that go without a deletion."""
        kept = {pmid: citation for pmid, citation in self.truth().items() if pmid % 97}
        sizes = (baseline_files, update_files, self.citations_per_file)
        return BulkTree(self.seed, self.year + 1, *sizes, before=kept)

    def contents(self) -> Iterator[Contents]:
        """Every file in order, whether it shows or not."""
        dice = random.Random(f"{self.seed} {self.year}")
        live: dict[int, Citation] = {}
        for number in range(1, self.baseline_files + 1):
            citations = self._baseline(number, dice)
            live |= {citation.pmid: citation for citation in citations}
            yield Contents(number, citations, [])
        files = {number: self.day(number) for number in range(self.baseline_files + 1, self._newest + 1)}
        yield from updates(files, live, self.citations_per_file, self.seed, dice)

    def _baseline(self, number: int, dice: random.Random) -> list[Citation]:
        if self._before is not None:
            held = sorted(self._before)
            size = -(-len(held) // self.baseline_files)
            return [self._before[pmid] for pmid in held[(number - 1) * size : number * size]]
        citations: list[Citation] = []
        first = FIRST_PMID + (number - 1) * 2 * self.citations_per_file
        while len(citations) < self.citations_per_file:
            # Odd steps leave gaps in the numbers, as PubMed has them.
            pmid = first + 2 * len(citations) + (dice.random() < 0.3)
            revised = date(2002 + self.year - 26, 1, 1) + timedelta(days=int(dice.random() * 8_700))
            citations.append(Citation(self.seed, pmid, 1, 0, revised.isoformat()))
            if dice.random() < 0.005 and len(citations) < self.citations_per_file:
                citations.append(Citation(self.seed, pmid, 2, 1, revised.isoformat()))
        return citations

    # --- As files -----------------------------------------------------------------------------------------------

    def write(self, folder: Path, *, flat: bool = False, md5: bool = True) -> None:
        """A mirror of the files that show: baseline/ and updatefiles/ below `folder`, or all in it."""
        for contents in self.contents():
            if contents.number not in self.numbers:
                break
            place = folder if flat else folder / self._part(contents.number)
            place.mkdir(parents=True, exist_ok=True)
            path = place / self.name(contents.number)
            with path.open("wb") as file, gzip.GzipFile("", "wb", 1, file, 0) as packed:
                for piece in _pieces(contents):
                    packed.write(piece)
            if md5:
                with path.open("rb") as written:
                    digest = hashlib.file_digest(written, "md5").hexdigest()
                path.with_name(f"{path.name}.md5").write_text(f"MD5({path.name})= {digest}\n")

    def file(self, name: str) -> bytes:
        """The bytes of a file, as they are served."""
        packed = self._packed[name]
        return gzip.compress(gzip.decompress(packed), 9, mtime=1) if name in self.republished else packed

    @cached_property
    def _packed(self) -> dict[str, bytes]:
        return {
            self.name(contents.number): gzip.compress(b"".join(_pieces(contents)), 1, mtime=0)
            for contents in self.contents()
        }

    def _part(self, number: int) -> str:
        return "baseline" if number <= self.baseline_files else "updatefiles"

    # --- Over HTTP ----------------------------------------------------------------------------------------------

    def serve(self, faults_at_random: Callable[[Asked], Fault | None] = lambda asked: None) -> BulkServer:
        return BulkServer(self.answer, faults_at_random)

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """(status, headers, body) for a path that ends in baseline/, updatefiles/ or a file of theirs; a body for
        HEAD, too, which the server leaves out."""
        *_, part, name = ("", "", *urlsplit(path).path.split("/"))
        shown = {self.name(number): number for number in self.numbers if self._part(number) == part}
        if not name and part in ("baseline", "updatefiles"):
            return _whole("text/html;charset=ISO-8859-1", self._page(part, shown).encode())
        if name == "README.txt":
            return _whole("text/plain", b"Made up.\n")
        number = shown.get(name.removesuffix(".md5"))
        if number is None or name in self.vanished:
            return 404, {"Content-Type": "text/html", "Content-Length": "9"}, b"Not Found"
        content = self.file(self.name(number))
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if name.endswith(".md5"):
            if self.wrong_md5.get(self.name(number), 0) > 0:
                self.wrong_md5[self.name(number)] -= 1
                digest = digest[::-1]
            return _whole("text/plain", f"MD5({self.name(number)})= {digest}\n".encode())
        made = format_datetime(datetime.combine(self.day(number), time(14, 48), UTC), usegmt=True)
        known = {"ETag": f'"{digest[:16]}"', "Last-Modified": made, "Accept-Ranges": "bytes" if self.ranges else "none"}
        status, part_headers, body = self._ranged(
            content, {key.lower(): value for key, value in headers.items()}, known
        )
        return status, {**part_headers, **known}, body

    def _ranged(self, content: bytes, asked: Mapping[str, str], known: Mapping[str, str]) -> Answer:
        span = asked.get("range", "")
        if not (self.ranges and span.startswith("bytes=") and span.endswith("-")):
            return _whole("application/x-gzip", content)
        if asked.get("if-range", known["ETag"]) not in (known["ETag"], known["Last-Modified"]):
            return _whole("application/x-gzip", content)
        first = int(span.removeprefix("bytes=").removesuffix("-"))
        if first >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"}, b""
        _, headers, body = _whole("application/x-gzip", content[first:])
        headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return 206, headers, body

    def _page(self, part: str, shown: Mapping[str, int]) -> str:
        lines = [_line("README.txt", date(2025, 12, 1), 5_432)]
        for name, number in shown.items():
            lines.append(_line(name, self.day(number), len(self._packed[name])))
            lines.append(_line(f"{name}.md5", self.day(number), 60))
            if part == "updatefiles":
                lines.append(_line(f"pubmed{self.year:02}n{number:04}_stats.html", self.day(number), 582))
        return (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<html>\n <head>\n'
            f"  <title>Index of /pubmed/{part}</title>\n </head>\n <body>\n<h1>Index of /pubmed/{part}</h1>\n"
            "<pre>Name                    Last modified      Size  <hr>"
            '<a href="/pubmed/">Parent Directory</a>                             -   \n'
            f"{''.join(lines)}<hr></pre>\n</body></html>\n"
        )


def _pieces(contents: Contents) -> Iterator[bytes]:
    yield _HEAD.encode()
    for start in range(0, len(contents.citations), 200):
        yield "".join([citation.xml() for citation in contents.citations[start : start + 200]]).encode()
    if contents.deletions:
        gone = "".join(f'<PMID Version="1">{pmid}</PMID>\n' for pmid in contents.deletions)
        yield f"<DeleteCitation>\n{gone}</DeleteCitation>\n".encode()
    yield b"</PubmedArticleSet>\n"


def _whole(kind: str, body: bytes) -> Answer:
    return 200, {"Content-Type": kind, "Content-Length": str(len(body))}, body


def _line(name: str, day: date, size: int) -> str:
    shown = str(size) if size < 1024 else f"{size / 1024:.1f}K" if size < 1 << 20 else f"{size >> 20}M"
    return f'<a href="{name}">{name}</a>{" " * max(1, 24 - len(name))}{day} 14:48  {shown:>4}  \n'
