"""What counts as a citation in a model's text, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.answer.forgeries import forged, identifiers_in
from retrieval.answer.keys import issue_keys
from retrieval.answer.markers import leading_markers, read_markers

KNOWN = {"K7Q", "M2P"}


@pytest.mark.parametrize(
    ("sentence", "text", "keys", "unknown"),
    [
        ("Budding predicts spread [K7Q].", "Budding predicts spread.", ("K7Q",), ()),
        ("Budding predicts spread. [K7Q]", "Budding predicts spread.", ("K7Q",), ()),
        ("Budding predicts [K7Q, M2P] spread.", "Budding predicts spread.", ("K7Q", "M2P"), ()),
        ("Budding predicts spread [K7Q][M2P].", "Budding predicts spread.", ("K7Q", "M2P"), ()),
        ("Budding predicts spread (K7Q; M2P).", "Budding predicts spread.", ("K7Q", "M2P"), ()),
        ("Budding predicts spread 【K7Q】.", "Budding predicts spread.", ("K7Q",), ()),
        ("Budding predicts spread [source: k7q].", "Budding predicts spread.", ("K7Q",), ()),
        ("Budding predicts spread [K7Q] [K7Q].", "Budding predicts spread.", ("K7Q",), ()),
        ("Budding predicts spread [Z9Z].", "Budding predicts spread.", (), ("Z9Z",)),
        ("Budding predicts spread [K7Q, Z9Z].", "Budding predicts spread.", ("K7Q",), ("Z9Z",)),
        ("Budding predicts spread [1].", "Budding predicts spread.", (), ("[1]",)),
        ("Budding predicts spread [12-14, 17].", "Budding predicts spread.", (), ("[12-14, 17]",)),
        ("Budding predicts spread [S1].", "Budding predicts spread.", (), ("[S1]",)),
        ("Budding predicts spread [source 3].", "Budding predicts spread.", (), ("[source 3]",)),
        ("Budding predicts spread¹².", "Budding predicts spread.", (), ("¹²",)),
        ("Budding predicts spread (Smith et al., 2019).", "Budding predicts spread.", (), ("(Smith et al., 2019)",)),
        ("Budding predicts spread (Smith and Wu 2019a).", "Budding predicts spread.", (), ("(Smith and Wu 2019a)",)),
    ],
)
def test_markers_are_taken_out_and_told_apart(
    sentence: str, text: str, keys: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    assert read_markers(sentence, KNOWN) == (text, keys, unknown)


@pytest.mark.parametrize(
    "sentence",
    [
        "[18F]FDG uptake was high (P < 0.05) in 10⁶ cells/mm².",
        "Methylation of histone 3 (H3K) at K27 was lost.",
        "Interleukin-6 [IL-6] was raised [95% CI 1.2-3.4].",
        "The cohort (2019) had CD4⁺ cells.",
    ],
)
def test_what_medicine_writes_in_brackets_is_no_marker(sentence: str) -> None:
    assert read_markers(sentence, KNOWN) == (sentence, (), ())


def test_markers_after_the_full_stop_are_measured() -> None:
    assert leading_markers(" [K7Q][M2P] Next one.") == len(" [K7Q][M2P]")
    assert leading_markers("Next one.") == 0


@given(st.lists(st.integers(1, 1 << 52), unique=True, max_size=60), st.text(max_size=40))
def test_keys_are_distinct_and_read_back(pmids: list[int], seed: str) -> None:
    keys = issue_keys(pmids, seed)
    assert list(keys.values()) == pmids
    assert issue_keys(pmids, seed) == keys
    for key in keys:
        assert read_markers(f"So it is [{key}].", keys) == ("So it is.", (key,), ())


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    marked = read_markers(text, KNOWN)
    assert set(marked.keys) <= KNOWN


@pytest.mark.parametrize(
    "identifier",
    ["PMID: 31234567", "PubMed ID 31234567", "PMC1234567", "10.1000/xyz-1", "NCT01234567", "https://x.example/a"],
)
def test_identifiers_are_seen(identifier: str) -> None:
    assert identifiers_in(f"As was shown ({identifier}).") == (identifier,)
    assert forged(f"As shown in {identifier}.", shown="nothing of it") == (identifier,)
    assert forged(f"As shown in {identifier}.", shown=f"the question named {identifier}") == ()


def test_numbers_of_findings_are_no_identifiers() -> None:
    assert identifiers_in("Of 31234567 cells 10.5 % were positive in 2019 (P = 0.001; 95 % CI 1.2/3.4).") == ()
