"""The query language: what is understood, what becomes a condition, what is searched as plain words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import InputError
from retrieval.query import LONGEST_QUERY, Clause, parse_query
from retrieval.records import Filters

NO_FILTERS = Filters()


def test_plain_words_rank_and_condition_nothing() -> None:
    parsed = parse_query("  HER2/neu in   gastric cancer? ", NO_FILTERS)
    assert parsed.ranking_text == "HER2/neu in gastric cancer?"
    assert parsed.constraint.required == ()
    assert parsed.constraint.excluded == ()
    assert parsed.notices == ()


def test_phrases_exclusions_and_fields_are_conditions() -> None:
    parsed = parse_query('lung "PD-L1 expression" -mouse -"cell line" title:review type:"Case Reports"', NO_FILTERS)
    assert parsed.constraint.required == (
        Clause(field="text", value="PD-L1 expression"),
        Clause(field="title", value="review"),
        Clause(field="type", value="Case Reports"),
    )
    assert parsed.constraint.excluded == (Clause(field="text", value="mouse"), Clause(field="text", value="cell line"))
    assert parsed.interpretation == 'lung "PD-L1 expression" -mouse -"cell line" title:review type:"Case Reports"'


def test_words_of_phrases_and_titles_rank_but_those_of_other_fields_do_not() -> None:
    parsed = parse_query('kidney "clear cell" title:grade author:"Doe J" mesh:Humans', NO_FILTERS)
    assert parsed.ranking_text == "kidney clear cell grade"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("year:2015", 2015, 2015),
        ("year:2015..2020", 2015, 2020),
        ("year:2015-2020", 2015, 2020),
        ("year:2015..", 2015, None),
        ("year:..2020", None, 2020),
    ],
)
def test_years(text: str, first: int | None, last: int | None) -> None:
    (clause,) = parse_query(text, NO_FILTERS).constraint.required
    assert (clause.year_from, clause.year_to) == (first, last)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('lung "never closed', 'a quotation mark " is never closed'),
        ('a 5" lesion "', "a quotation mark stands inside a word"),
        ("IHC:positive", "there is no field 'IHC'"),
        ("-IHC:positive", "there is no field 'IHC'"),
        ("-cancer", "it only says what to leave out"),
        ("year:soon lung", "year: takes 2015"),
        ("integrity:bad lung", "integrity: takes ok, updated, republished, corrected, expression_of_concern"),
        ("year:2020..2015 lung", "runs backwards"),
        ("pmid:abc", "pmid: takes digits"),
        ('title:"" lung', "nothing to look for"),
        ('"" lung', "nothing to look for"),
        ('-"?" lung', "nothing to look for"),
        ('"???"', "nothing to look for"),
    ],
)
def test_a_malformed_query_is_searched_as_plain_words_and_says_so(text: str, reason: str) -> None:
    parsed = parse_query(text, NO_FILTERS)
    assert parsed.constraint.required == parsed.constraint.excluded == ()
    assert '"' not in parsed.ranking_text
    (notice,) = parsed.notices
    assert notice.startswith("Searched as plain words: ")
    assert reason in notice


def test_a_malformed_item_becomes_words_and_the_other_conditions_hold() -> None:
    parsed = parse_query('IHC:positive "lung cancer" -mouse year:2015 pmid:x', NO_FILTERS)
    assert parsed.ranking_text == "IHC:positive lung cancer pmid:x"
    assert [clause.field for clause in parsed.constraint.required] == ["text", "year"]
    assert parsed.constraint.excluded == (Clause(field="text", value="mouse"),)
    assert parsed.interpretation == 'IHC:positive "lung cancer" -mouse year:2015 pmid:x'
    assert len(parsed.notices) == 2


def test_a_malformed_exclusion_leaves_its_words_out() -> None:
    parsed = parse_query("lung -IHC:positive", NO_FILTERS)
    assert parsed.ranking_text == "lung"
    assert parsed.constraint.excluded == (Clause(field="text", value="IHC:positive"),)
    assert parsed.interpretation == 'lung -"IHC:positive"'


def test_an_item_that_says_nothing_ranks_nothing() -> None:
    assert parse_query('title:"" lung ""', NO_FILTERS).ranking_text == "lung"


def test_many_malformed_items_make_few_notices() -> None:
    notices = parse_query("a:b c:d e:f g:h i:j", NO_FILTERS).notices
    assert len(notices) == 4
    assert notices[-1] == "Searched as plain words: 2 more items."


@pytest.mark.parametrize("text", ["“lung cancer”", "„lung cancer“", "«\u00a0lung cancer\u00a0»", "‟lung cancer”"])
def test_typographic_quotation_marks_make_phrases(text: str) -> None:
    (clause,) = parse_query(text, NO_FILTERS).constraint.required
    assert clause.value == "lung cancer"


@pytest.mark.parametrize("dash", ["-", "–", "—", "−", "‑", "--"])
def test_a_dash_right_before_a_word_or_phrase_excludes_it(dash: str) -> None:
    parsed = parse_query(f"lung {dash}mouse {dash}“cell line” {dash}title:review {dash}5-FU {dash}(rat)", NO_FILTERS)
    assert [clause.value for clause in parsed.constraint.excluded] == ["mouse", "cell line", "review", "5-FU", "(rat)"]
    assert parsed.ranking_text == "lung"
    assert parsed.interpretation == 'lung -mouse -"cell line" -title:review -5-FU -(rat)'


@pytest.mark.parametrize(
    "text",
    ["lung – a review", "lung—a review", "PD‑L1", "stored at −80 °C", "r = -0.35, p", "CD3 -/- mice", "a -> b", "—"],
)
def test_other_dashes_are_no_syntax(text: str) -> None:
    parsed = parse_query(text, NO_FILTERS)
    assert parsed.ranking_text == text
    assert parsed.notices == ()


@pytest.mark.parametrize("text", ["Background: results", "ratio 1:2", "t(9;22)(q34;q11)", "HER2 - positive", "C++"])
def test_ordinary_punctuation_is_no_syntax(text: str) -> None:
    parsed = parse_query(text, NO_FILTERS)
    assert parsed.ranking_text == text
    assert parsed.notices == ()


def test_punctuation_may_follow_a_phrase() -> None:
    (clause,) = parse_query('what is "tumour budding"?', NO_FILTERS).constraint.required
    assert clause.value == "tumour budding"


def test_filters_are_kept() -> None:
    filters = Filters(year_from=2001)
    assert parse_query("lung", filters).constraint.filters == filters
    assert parse_query('"lung', filters).constraint.filters == filters


@pytest.mark.parametrize("text", ["", "   ", "\n\t", '""', '"', "“ ”"])
def test_an_empty_query_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="the query is empty"):
        parse_query(text, NO_FILTERS)


def test_an_overlong_query_is_refused_with_both_numbers() -> None:
    with pytest.raises(InputError, match="10,001 characters; the limit is 10,000"):
        parse_query("x" * (LONGEST_QUERY + 1), NO_FILTERS)


@given(st.text(alphabet=st.sampled_from('ab "-:.0123 yeartilmdp()–“”')))
def test_no_text_breaks_the_parser(text: str) -> None:
    if not text.translate(str.maketrans("", "", '"“”')).split():
        return
    parsed = parse_query(text, NO_FILTERS)
    assert parsed.ranking_text.strip() or parsed.constraint.required
    assert len(parsed.notices) <= 4


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("integrity:retracted", "retracted"),
        ('integrity:"Expression of concern"', "expression_of_concern"),
        ("integrity:expression_of_concern", "expression_of_concern"),
    ],
)
def test_a_standing_is_asked_for_by_its_name(text: str, status: str) -> None:
    assert parse_query(text, NO_FILTERS).constraint.required == (Clause(field="integrity", value=status),)
