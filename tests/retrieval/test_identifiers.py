from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import InputError
from retrieval.identifiers import local_key, parse_identifier, pmid_in
from retrieval.records import LOCAL_PMID_FLOOR


@pytest.mark.parametrize(
    "text",
    ["29952771", " 29952771 ", "pmid:29952771", "PMID:29952771", "PMID 29952771", "PMID: 29952771", "pmid29952771"],
)
def test_a_pmid_may_be_written_in_any_usual_form(text: str) -> None:
    assert parse_identifier(text) == 29952771


def test_any_other_name_is_a_local_id() -> None:
    assert parse_identifier("scifact:4983") == local_key("scifact:4983")
    assert parse_identifier("MED-10") == local_key("MED-10")
    assert parse_identifier("10.1186/1471-2407-11-185") == local_key("10.1186/1471-2407-11-185")


def test_digits_of_a_local_key_name_the_local_article() -> None:
    assert parse_identifier(str(local_key("scifact:4983"))) == local_key("scifact:4983")


@pytest.mark.parametrize(
    "text",
    ["", "  ", "-5", "0", "pmid:", "pmid:0", "pmid:-5", "pmid:abc", "12.5", "1 2", "9" * 5000, "pmid:" + "9" * 5000,
     "٣٤٥", str(1 << 53), f"pmid:{1 << 50}"],
)  # fmt: skip
def test_what_names_no_article_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_identifier(text)


def test_the_refusal_says_which_value_and_what_to_write() -> None:
    with pytest.raises(InputError, match=r"'pmid:abc' is not a PMID: write a positive number, as in pmid:29952771"):
        parse_identifier("pmid:abc")


def test_a_word_that_begins_with_pmid_letters_is_a_local_id() -> None:
    assert pmid_in("pmidas:7") is None


def test_a_local_key_never_changes() -> None:
    assert local_key("scifact:4983") == 6755508597625789


@given(st.text())
def test_local_keys_stay_clear_of_pmids_and_exact_in_json(source_id: str) -> None:
    assert LOCAL_PMID_FLOOR <= local_key(source_id) < 2**53


@given(st.text(st.characters()))
def test_any_text_is_a_key_or_an_input_error(text: str) -> None:
    try:
        key = parse_identifier(text)
    except InputError:
        return
    assert 0 < key < 2**53
