"""Comparing routers: the questions, the table of rewards, and who wins at equal cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.image.labels import Label
from evaluation.image.samples import Sample
from evaluation.router import Learn, compare, logged
from evaluation.router_questions import RouterQuestion, make_questions, read_wordings
from evaluation.router_rewards import Judges, Row, Ways, read_table, reward_table, write_table
from evaluation.task import Task
from retrieval.errors import InputError
from retrieval.router.features import features_of
from retrieval.router.model import RewardModel, RouterModel
from retrieval.router.small_talk import kind_of_talk
from retrieval.search import Searcher
from tests.fakes import Corpus, HashingEncoder, article

WORDINGS = read_wordings()
COSTS = {"none": 0.0, "lexical": 10.0, "dense": 20.0, "lexical+dense": 100.0}
BOTH = RewardModel("lexical+dense", 40, 100.0, 0.5, {})
LEXICAL = RewardModel("lexical", 40, 10.0, 0.6, {})


def row(number: int, half: str, rewards: dict[str, float], text: str = "Which stain shows amyloid?") -> Row:
    question = RouterQuestion(id=f"t:{number}", kind="text", half=half, text=text, answers=("pmid:1",))  # type: ignore[arg-type]
    found: dict[str, tuple[str, ...]] = dict.fromkeys(COSTS, ("pmid:1",))
    return Row(question, features_of(question.asked), tuple(COSTS), "lexical+dense", found, rewards, COSTS)


def rows(rewards: dict[str, float]) -> list[Row]:
    return [row(n, half, rewards) for n, half in enumerate(["learnt from", "held out"] * 50)]


def fixed(*actions: RewardModel) -> Learn:
    return lambda choices: RouterModel(cost_weight=0.0, actions=actions)


@pytest.fixture
def searcher(tmp_path: Path) -> Searcher:
    corpus = Corpus(tmp_path / "home", HashingEncoder())
    corpus.publish(
        [article(1, "Amyloid in the kidney", "Congo red shows amyloid."), article(2, "Lung cancer", "TTF-1.")]
    )
    return corpus.open_searcher()


def test_questions_are_judged_ones_small_talk_patches_and_slides() -> None:
    task = Task("known", {str(n): f"Question {n}?" for n in range(40)}, {str(n): {f"pmid:{n}": 1} for n in range(40)})
    label = Label("lung adenocarcinoma", ["lung"], ["adenocarcinoma"])
    samples = [Sample(f"aca/{n}.png", Path(f"aca/{n}.png"), "lung adenocarcinoma") for n in range(60)]
    made = make_questions([task], samples, [label], WORDINGS, size=20, slides=3, seed=0)
    counts = {kind: sum(question.id.startswith(kind) for question in made) for kind in ("known:", "talk:", "patch:")}
    assert counts == {"known:": 20, "talk:": len(WORDINGS.no_literature), "patch:": 60}
    slides = [question for question in made if question.kind == "slide"]
    assert [len(question.images) for question in slides] == [8] * 6
    halves = {question.images[0]: question.half for question in made if question.kind == "patch"}
    assert all(halves[image] == question.half for question in slides for image in question.images)
    assert all(question.asked.has_slide for question in slides)
    assert made == make_questions([task], samples, [label], WORDINGS, size=20, slides=3, seed=0)


def test_wordings_ask_for_no_literature_or_of_an_image() -> None:
    assert len(WORDINGS.no_literature) > 100
    known = sum(bool(kind_of_talk(text)) for text in WORDINGS.no_literature)
    # The rules know some of them and not all: there is something to learn.
    assert 0.2 < known / len(WORDINGS.no_literature) < 0.8
    assert not any(kind_of_talk(text) for text in WORDINGS.beside_image)


def test_the_table_holds_every_choice_and_what_it_brought(searcher: Searcher, tmp_path: Path) -> None:
    questions = [
        RouterQuestion(id="t:1", kind="text", half="held out", text="Which stain shows amyloid?", answers=("pmid:1",)),
        RouterQuestion(id="t:2", kind="text", half="held out", text="Who painted the Mona Lisa?"),
    ]
    table = reward_table(questions, Ways(searcher), Judges())
    assert table[0].rewards == {"none": 0.0, "lexical": 1.0, "dense": 1.0, "lexical+dense": 1.0}
    assert table[0].found["lexical"] == ("pmid:1",)
    assert table[1].rewards == {"none": 1.0, "lexical": 0.0, "dense": 0.0, "lexical+dense": 0.0}
    assert table[0].cost_ms["none"] == 0.0 < table[0].cost_ms["lexical"]
    write_table(tmp_path / "table", table)
    assert read_table(tmp_path / "table") == table


def test_a_table_that_is_none_says_so(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("{}")
    with pytest.raises(InputError, match="is no table of rewards"):
        read_table(tmp_path / "table")


def test_a_router_that_brings_more_for_less_beats_the_rules() -> None:
    table = rows({"none": 0.0, "lexical": 1.0, "dense": 0.0, "lexical+dense": 0.5})
    result = compare(table, fixed(BOTH, LEXICAL), lambda model, _, __: model, logs=3)
    assert (result.learnt_from, result.held_out, result.better, result.beats) == (50, 50, 3, True)
    assert (result.overall.rules, result.overall.learnt, result.overall.best) == (0.5, 1.0, 1.0)
    assert (result.overall.difference.low, result.overall.learnt_ms, result.overall.rules_ms) == (0.5, 10.0, 100.0)


def test_no_gain_is_no_win() -> None:
    table = rows({"none": 0.0, "lexical": 0.5, "dense": 0.0, "lexical+dense": 0.5})
    assert not compare(table, fixed(BOTH, LEXICAL), lambda model, _, __: model, logs=2).beats


def test_a_gain_that_costs_more_is_no_win() -> None:
    table = [
        Row(r.question, r.features, r.allowed, "lexical", r.found, r.rewards, r.cost_ms)
        for r in rows({"none": 0.0, "lexical": 0.5, "dense": 0.0, "lexical+dense": 1.0})
    ]
    result = compare(table, fixed(BOTH, RewardModel("lexical", 40, 10.0, 0.1, {})), lambda model, _, __: model, logs=2)
    assert (result.overall.difference.low, result.beats) == (0.5, False)


def test_the_budget_is_what_the_rules_cost_on_the_same_questions() -> None:
    asked: list[float] = []

    def within(model: RouterModel, questions: object, budget: float) -> RouterModel:
        asked.append(budget)
        return model

    compare(rows(dict.fromkeys(COSTS, 0.5)), fixed(BOTH, LEXICAL), within, logs=2)
    assert asked == [100.0, 100.0]


def test_silence_where_literature_is_needed_is_counted() -> None:
    silent = RewardModel("none", 40, 0.0, 0.9, {})
    result = compare(rows(dict.fromkeys(COSTS, 0.5)), fixed(silent, LEXICAL), lambda model, _, __: model, logs=1)
    assert result.overall.wrongly_silent == 1.0


def test_a_log_has_one_action_for_each_question_with_its_propensity() -> None:
    choices = logged(rows(dict.fromkeys(COSTS, 0.5)), 0.4, seed=1)
    likely = {choice.action: round(choice.propensity, 6) for choice in choices}
    assert likely == {"lexical+dense": 0.7, "lexical": 0.1, "dense": 0.1, "none": 0.1}


def test_without_held_out_questions_nothing_is_compared() -> None:
    with pytest.raises(InputError, match="50 questions to learn from and 0 held out"):
        compare([r for r in rows(COSTS) if r.question.half == "learnt from"], fixed(BOTH), lambda m, _, __: m)
