"""The lexical index on disk: who may read its files, and what a full disk and a folder that only reads make of it."""

import stat
from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.interface import NO_CONDITION, IndexedArticle
from retrieval.index.lexical import LexicalReader, LexicalWriter
from tests.fakes import article
from tests.mounts import python_on_full_disk

WRITE_UNTIL_FULL = """
import random, sys
from pathlib import Path
from retrieval.analysis import Analyzer
from retrieval.errors import GenerationError
from retrieval.index.interface import IndexedArticle
from retrieval.index.lexical import LexicalWriter
from tests.fakes import article

words = random.Random(1)
texts = (" ".join(str(words.random()) for _ in range(20)) for _ in range(20_000))
try:
    LexicalWriter(Path(sys.argv[1]) / "lexical", Analyzer()).write(
        IndexedArticle(article=article(n, text)) for n, text in enumerate(texts, start=1)
    )
except GenerationError as exc:
    print(exc)
"""


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    ran = python_on_full_disk(tmp_path, "-c", WRITE_UNTIL_FULL, str(tmp_path))
    assert "the disk is full, or too full for the next part" in ran.stdout, ran.stderr
    assert "free some space and run again" in ran.stdout


def test_every_file_may_be_read_by_whoever_may_read_its_folder(tmp_path: Path) -> None:
    LexicalWriter(tmp_path / "lexical", Analyzer()).write([IndexedArticle(article=article(1, "Lung."))])
    allowed = stat.S_IMODE((tmp_path / "lexical").stat().st_mode) & 0o666
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lexical").iterdir()} == {allowed}


def test_an_index_without_its_lock_files_in_a_folder_that_only_reads_is_searched_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    folder = tmp_path / "lexical"
    LexicalWriter(folder, Analyzer()).write([IndexedArticle(article=article(1, "Lung.")) for _ in range(3)])
    for lock in folder.glob("*.lock"):
        lock.unlink()
        # Taking the lock fails as it does in a folder that cannot be written, also for root.
        lock.symlink_to(tmp_path / "no such folder" / lock.name)
    reader = LexicalReader(folder, Analyzer())
    assert reader.search("lung", NO_CONDITION, 3)[0].pmid == 1
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    del reader
    assert list((tmp_path / "temporary").iterdir()) == []


def test_no_folder_for_temporary_files_is_said_to_be_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(GenerationError, match=r"name a folder for temporary files \(TMPDIR\)"):
        LexicalReader(tmp_path, Analyzer())
