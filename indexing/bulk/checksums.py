"""The MD5 of a bulk file, as NLM publishes it and as it was found here.

What was found is noted in a .md5 file beside the download, in NLM's form plus one line with the size and times for
which it holds: so a file is read through once, not each day, and a folder of downloads serves as a mirror.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

_MD5 = re.compile(r"\b[0-9a-f]{32}\b", re.IGNORECASE)


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        # Against damage on the way, not against forgery.
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def published_md5(text: str) -> str:
    """The sum in "MD5(pubmed26n0001.xml.gz)= 0123..." or in md5sum's own form; empty where there is none."""
    match = _MD5.search(text)
    return match[0].lower() if match else ""


def note(path: Path, md5: str, date: str) -> None:
    """Notes that this file, listed under this date, has this sum."""
    text = f"MD5({path.name})= {md5}\n{_state(path, date)}\n"
    unfinished = path.with_name(f"{path.name}.md5.part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path.with_name(f"{path.name}.md5"))


def is_noted(path: Path, date: str) -> bool:
    """Whether this file's sum was found right, and neither it nor its date in the listing has changed since."""
    try:
        lines = path.with_name(f"{path.name}.md5").read_text(encoding="utf-8").splitlines()
        return len(lines) == 2 and lines[1] == _state(path, date)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def forget(path: Path) -> None:
    """Deletes the file and its note; the note goes last, since without its file it says nothing."""
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.md5").unlink(missing_ok=True)


def _state(path: Path, date: str) -> str:
    stat = path.stat()
    return f"verified: {stat.st_size} bytes, changed {stat.st_mtime_ns}, listed {date}"
