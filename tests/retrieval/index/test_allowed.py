"""What a condition allows is worked out once, kept as its smaller side, and given up when room runs out."""

from pathlib import Path

import pytest

from retrieval.index.allowed import AllowedSets
from retrieval.index.interface import NO_CONDITION
from retrieval.index.lexical import LexicalReader
from retrieval.query import Constraint
from retrieval.records import Filters
from tests.fakes import Corpus, article


def years(first: int, last: int) -> Constraint:
    return Constraint(filters=Filters(year_from=first, year_to=last))


@pytest.fixture
def reader(tmp_path: Path) -> LexicalReader:
    corpus = Corpus(tmp_path)
    corpus.publish([article(n, "Lung.", year=2000 + n) for n in range(1, 11)])
    return corpus.open_reader().lexical_reader


def test_everything_allowed_is_none(reader: LexicalReader) -> None:
    assert AllowedSets(reader).get(NO_CONDITION) is None


@pytest.mark.parametrize(
    ("constraint", "size", "complement"),
    [(years(2001, 2003), 3, False), (years(2001, 2008), 2, True), (years(1900, 1950), 0, False)],
)
def test_the_smaller_side_is_kept(reader: LexicalReader, constraint: Constraint, size: int, complement: bool) -> None:
    allowed = AllowedSets(reader).get(constraint)
    assert allowed is not None
    assert (allowed.size, allowed.complement) == (size, complement)


def test_a_condition_that_comes_again_is_the_same_set(reader: LexicalReader) -> None:
    sets = AllowedSets(reader)
    assert sets.get(years(2001, 2003)) is sets.get(years(2001, 2003))


def test_the_least_recently_used_is_given_up_when_room_runs_out(reader: LexicalReader) -> None:
    sets = AllowedSets(reader, room=2_100)
    first, second = sets.get(years(2001, 2001)), sets.get(years(2002, 2002))
    assert sets.get(years(2001, 2001)) is first
    sets.get(years(2003, 2003))
    assert sets.get(years(2001, 2001)) is first
    assert sets.get(years(2002, 2002)) is not second


@pytest.mark.parametrize("field", ["pmids", "exclude_pmids"])
def test_a_long_list_of_pmids_in_the_condition_itself_takes_room(reader: LexicalReader, field: str) -> None:
    sets = AllowedSets(reader, room=5_000)
    first = sets.get(years(2001, 2001))
    listed = (
        Filters(pmids=tuple(range(5, 4_005))) if field == "pmids" else Filters(exclude_pmids=tuple(range(5, 4_005)))
    )
    sets.get(Constraint(filters=listed))
    assert sets.get(years(2001, 2001)) is not first
