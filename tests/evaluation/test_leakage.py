"""The leakage audit: near-duplicates are found, other texts on the same matter are not."""

import gzip
from pathlib import Path

import pytest

from evaluation.leakage.audit import audit
from evaluation.leakage.known import affected, known_about
from retrieval.errors import InputError

QUESTION = "does tumour budding predict lymph node metastasis in early colorectal cancer of the elderly"


def test_a_question_that_was_trained_on_is_found_whatever_its_capitals_and_stops(tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl.gz").write_bytes(
        gzip.compress(f'{{"pair": ["{QUESTION.upper()}?", "Budding is a marker."]}}\n'.encode())
    )
    found = audit({"query q1": QUESTION, "query q2": "melanoma of the skin"}, tmp_path / "pairs.jsonl.gz")
    assert (found.tested, found.read, found.leaked) == (2, 2, 1)
    assert (found.examples[0].test, found.examples[0].similarity) == ("query q1", 1.0)


def test_a_text_with_one_word_changed_is_a_near_duplicate_and_a_paraphrase_is_not(tmp_path: Path) -> None:
    (tmp_path / "near.txt").write_text(QUESTION.replace("elderly", "old") + "\n")
    (tmp_path / "far.txt").write_text("is nodal spread in early bowel cancer foretold by budding of the tumour\n")
    assert audit({"query q1": QUESTION}, tmp_path / "near.txt").leaked == 1
    assert audit({"query q1": QUESTION}, tmp_path / "far.txt").leaked == 0


@pytest.mark.parametrize(
    ("name", "content"), [("a.jsonl", b"rubbish\n"), ("a.txt.gz", b"\x1f\x8bno"), ("a.txt", b"\xff\n")]
)
def test_training_data_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name} cannot be read near line "):
        audit({"query q1": QUESTION}, tmp_path / name)


def test_public_encoders_are_known_by_any_form_of_their_name() -> None:
    for name in ("ncbi/MedCPT-Query-Encoder", "MedCPT@abc", "/models/medcpt/"):
        known = known_about(name)
        assert known is not None
        assert "search logs" in known.trained_on
        assert affected(known, "anything")
    minilm = known_about("all-MiniLM-L6-v2@53aa51172d142c89")
    assert minilm is not None
    assert affected(minilm, "scifact-train")
    assert not affected(minilm, "aliases")
    assert known_about("hashing@1") is None
    assert known_about("") is None
