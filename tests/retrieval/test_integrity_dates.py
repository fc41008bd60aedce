"""Dates of notices, no more precise than the reference or record that they come from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.integrity_dates import date_in_reference, known_part
from retrieval.records import PartialDate

REFERENCES = [
    ("Am J Surg. 2004 Mar;187(3):433", "2004-03"),
    ("Proc Natl Acad Sci U S A. 2004 Nov 9;101(45):16081", "2004-11-09"),
    ("Tumour Biol. 2017 Apr 20;:", "2017-04-20"),
    ("Tumour Biol. 2017 Apr 20", "2017-04-20"),
    ("bioRxiv. 2024 Jun 11:2024.06.11.598480. doi: 10.1101/2024.06.11.598480", "2024-06-11"),
    ("Bone. 2019;132:115182", "2019"),
    ("J Rare Dis. 1998 May-Jun;4(3):1", "1998-05"),
    ("J Rare Dis. 1998 Dec-1999 Jan;4(3):1", "1998-12"),
    ("J Rare Dis. 1998 Winter;4(3):1", "1998"),
    ("J Rare Dis. 1998 Sept;4(3):1", "1998-09"),
    ("J Rare Dis. 2018 Feb 30;4(3):1", "2018-02"),
    ("J Rare Dis. 2018 Jan 12. doi: 10.1000/2001", "2018-01-12"),
    ("Cancer 2000. 2004 Mar;1(1):2", "2004-03"),
    ("Arch Dis Child 1998 Jun;78(6):500", "1998-06"),
    ("J Rare Dis. 12(3):2004", ""),
    ("in press", ""),
    ("", ""),
]


@pytest.mark.parametrize(("reference", "expected"), REFERENCES)
def test_the_date_in_a_reference(reference: str, expected: str) -> None:
    assert date_in_reference(reference) == expected


@given(st.text(max_size=60))
def test_any_text_gives_a_date_or_none(text: str) -> None:
    assert len(date_in_reference(text)) in {0, 4, 7, 10}


def test_a_record_gives_as_much_of_its_date_as_it_prints() -> None:
    assert known_part(PartialDate("2004-03-15", "day", "2004 Mar 15")) == "2004-03-15"
    assert known_part(PartialDate("2004-03-01", "month", "2004 Mar")) == "2004-03"
    assert known_part(PartialDate("2004-03-01", "season", "2004 Spring")) == "2004"
    assert known_part(PartialDate("2004-01-01", "year", "2004")) == "2004"
    assert known_part(None) == ""
