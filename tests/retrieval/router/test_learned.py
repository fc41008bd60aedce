"""Learnt routers: what they decide by, their file, and the log that they learn from."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from retrieval.answer.records import Answer, Decision
from retrieval.errors import ConfigurationError, InputError
from retrieval.router.actions import allowed, experts_of, name_of
from retrieval.router.base import Asked
from retrieval.router.features import FEATURES, features_of
from retrieval.router.learned import LearnedRouter
from retrieval.router.log import LoggedRouter, read_log
from retrieval.router.model import RewardModel, RouterModel, read_router, write_router
from retrieval.router.opening import open_router
from retrieval.router.rules import RuleRouter
from tests.retrieval.router.test_rules import COUNTER

MODEL = RouterModel(
    cost_weight=1.0,
    actions=(
        RewardModel("dense", 40, 20.0, 0.4, {"asks": 0.3}),
        RewardModel("lexical", 40, 10.0, 0.5, {"symbols": 0.4}),
        RewardModel("lexical+dense", 40, 400.0, 0.9, {}),
        RewardModel("none", 40, 0.0, 0.0, {"to_assistant": 1.0}),
    ),
)
ROUTER = LearnedRouter(MODEL, "mine")


def test_the_action_with_most_reward_for_its_time_is_taken() -> None:
    decision = ROUTER.decide(Asked("Which stain shows amyloid?"))
    # 0.7 - 0.02 for dense, 0.5 - 0.01 for lexical, 0.9 - 0.4 for both.
    assert decision == Decision(
        experts=("dense",),
        reasons=(
            "Learnt: dense promises 0.70 for 20 ms; next, lexical and dense 0.90 for 400 ms.",
            "What told them apart most: asks (+0.30).",
        ),
        router=ROUTER.id,
    )
    assert LearnedRouter(replace(MODEL, cost_weight=0.0), "mine").decide(Asked("Which stain?")).experts == (
        "lexical",
        "dense",
    )


def test_no_search_is_one_of_the_choices() -> None:
    assert ROUTER.decide(Asked("amuse yourself")).experts == ()


@pytest.mark.parametrize("text", ["pmid:123", "title:review lung", '"clear cell"', ""])
def test_query_language_and_no_words_stay_with_the_rules(text: str) -> None:
    decision = ROUTER.decide(Asked(text))
    assert decision.experts == RuleRouter().decide(Asked(text)).experts
    assert (decision.reasons[-1], decision.router) == ("Decided by rule.", ROUTER.id)


def test_situations_that_the_log_never_saw_stay_with_the_rules() -> None:
    decision = ROUTER.decide(Asked("Which markers confirm this tumor?", has_image=True))
    assert decision.experts == ("image", "lexical", "dense")


def test_tools_are_called_as_the_rules_have_it() -> None:
    decision = ROUTER.decide(Asked("mitotic count of this", has_image=True, tools=(COUNTER,)))
    assert decision.tools == ("mitosis_counter",)


def test_its_id_changes_with_its_weights() -> None:
    assert ROUTER.id.startswith("mine@")
    assert LearnedRouter(replace(MODEL, cost_weight=2.0), "mine").id != ROUTER.id


def test_a_file_holds_what_was_learnt(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    write_router(path, replace(MODEL, measure="verified support", made_by='pathlit "train"'))
    assert read_router(path) == replace(MODEL, measure="verified support", made_by='pathlit "train"')
    opened = open_router(str(path))
    assert opened.decide(Asked("Which stain shows amyloid?")).experts == ("dense",)


def test_rules_are_opened_by_name() -> None:
    assert open_router("rules").id == "rules"
    with pytest.raises(ConfigurationError, match="'clever' is no router"):
        open_router("clever")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cost_weight = 1", "is no router"),
        ("cost_weight = 1\nactions = []", "knows no action"),
        (
            "cost_weight = 1\n[[actions]]\naction = 'none'\nquestions = 1\ncost_ms = 0\nbias = 0\nweights.luck = 1",
            "weighs 'luck', which is no feature",
        ),
        ("[", "is no router"),
    ],
)
def test_a_file_that_is_no_router_says_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        open_router(str(path))


def test_features_are_the_declared_ones_and_bounded() -> None:
    features = features_of(Asked("Is PD-L1 expression prognostic in melanoma?", has_image=True))
    assert tuple(features) == FEATURES
    assert (features["asks"], features["image"], features["slide"]) == (1.0, 1.0, 0.0)
    assert features["symbols"] == pytest.approx(1 / 6)
    assert all(0 <= value <= 4 for value in features_of(Asked("word " * 5_000)).values())


def test_actions_are_named_by_their_experts() -> None:
    assert name_of(("image", "lexical", "dense", "tools")) == "image+lexical+dense"
    assert (name_of(()), experts_of("none")) == ("none", ())
    assert allowed(Asked("What does this show?", has_image=True)) == ("image",)
    assert "none" not in allowed(Asked("Which markers confirm this tumor?", has_slide=True))


def test_the_log_holds_features_and_never_the_question(tmp_path: Path) -> None:
    path = tmp_path / "choices.jsonl"
    router = LoggedRouter(RuleRouter(), path, explore=0.2, seed=1)
    asked = Asked("Which stain shows Jane's amyloid?")
    router.note(asked, RuleRouter().decide(asked), 0.75, 41.5)
    assert "Jane" not in path.read_text()
    assert set(json.loads(path.read_text())["features"]) == set(FEATURES)
    (choice,) = read_log(path)
    assert (choice.action, choice.rules, choice.reward, choice.cost_ms) == ("lexical+dense",) * 2 + (0.75, 41.5)
    # Four actions are allowed: 0.2 / 4 at random, and 0.8 by the rules.
    assert choice.propensity == pytest.approx(0.85)


def test_an_answer_is_worth_the_share_of_its_sentences_that_hold(tmp_path: Path) -> None:
    path = tmp_path / "log"
    router = LoggedRouter(RuleRouter(), path)
    asked, talk = Asked("Which stain shows amyloid?"), Asked("Thanks!")
    searched, silent = Decision(("lexical",), ("So.",), "rules"), Decision((), ("So.",), "rules")
    answer = Answer(question="", sentences=(), decision=searched, citation_recall=0.75, timings_ms={"search": 12.0})
    router.note_answer(asked, answer)
    router.note_answer(asked, replace(answer, citation_recall=None))
    router.note_answer(asked, replace(answer, decision=silent))
    router.note_answer(talk, replace(answer, decision=silent))
    router.note_answer(asked, replace(answer, decision=None))
    assert [(choice.reward, choice.cost_ms) for choice in read_log(path)] == [
        (0.75, 12.0),
        (0.0, 12.0),
        (0.0, 12.0),
        (1.0, 12.0),
    ]


def test_exploring_is_said_and_as_frequent_as_set(tmp_path: Path) -> None:
    router = LoggedRouter(RuleRouter(), tmp_path / "log", explore=0.4, seed=7)
    asked = Asked("Which stain shows amyloid?")
    decisions = [router.decide(asked) for _ in range(2_000)]
    taken = Counter(name_of(decision.experts) for decision in decisions)
    assert taken["lexical+dense"] / 2_000 == pytest.approx(0.7, abs=0.04)
    assert taken["none"] / 2_000 == pytest.approx(0.1, abs=0.03)
    explored = next(decision for decision in decisions if not decision.experts)
    assert explored.reasons[0].startswith("Chosen at random among none, lexical, dense, lexical+dense, to learn from")
    router.note(asked, explored, 0.0, 0.0)
    assert next(iter(read_log(tmp_path / "log"))).propensity == pytest.approx(0.1)


def test_without_exploring_nothing_is_random(tmp_path: Path) -> None:
    router = LoggedRouter(RuleRouter(), tmp_path / "log", explore=0.0)
    assert {router.decide(Asked("Which stain?")).experts for _ in range(50)} == {("lexical", "dense")}
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        LoggedRouter(RuleRouter(), tmp_path / "log", explore=1.5)


@pytest.mark.parametrize("line", ["{}", "no json", '{"features":{}}'])
def test_a_line_that_is_no_choice_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "log"
    path.write_text(f"\n{line}\n")
    with pytest.raises(InputError, match=r"log, line 2: it is no logged choice"):
        list(read_log(path))


def test_an_impossible_propensity_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    router = LoggedRouter(RuleRouter(), path)
    router.note(Asked("Which stain?"), RuleRouter().decide(Asked("Which stain?")), 1.5, 1)
    with pytest.raises(InputError, match=r"line 1: propensity .* reward 1\.5"):
        list(read_log(path))
