"""A static student: what it learns from its teachers, and that it is an ordinary model folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from retrieval.encoders.base import Passage, Vectors
from retrieval.encoders.text import TextEncoder
from retrieval.errors import ConfigurationError, InputError
from tests.fakes import HashingEncoder
from training.distill import Material, distill, known_item, questions_of
from training.fitting import Lessons, Recipe, fit
from training.squares import nearest_weights
from training.static import StaticStudent, bags_of, is_static, open_student
from training.teachers import find_space, first_weights, token_texts

WORDS = "lung colon skin liver carcinoma adenoma melanoma fibrosis benign malignant margin stage cells of the".split()
UNKNOWN = "[UNK]"
RECIPE = Recipe(seconds=60, passes=30, batch=60, rate=0.02)
NOTHING = np.empty((0, 0), dtype=np.float32)


@pytest.fixture
def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece({word: n for n, word in enumerate([UNKNOWN, *WORDS])}, unk_token=UNKNOWN))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens([UNKNOWN])
    return made


@pytest.fixture
def passages() -> list[Passage]:
    choice = np.random.default_rng(1)
    rows = [choice.choice(WORDS, 12) for _ in range(60)]
    return [Passage(" ".join(row[:5]), " ".join(row).capitalize() + ".") for row in rows]


def learn(tokenizer: Tokenizer, passages: list[Passage], teachers: list[HashingEncoder], dimension: int = 64):  # type: ignore[no-untyped-def]
    material = Material(passages, [teacher.encode_documents(passages) for teacher in teachers])
    return distill(teachers, StaticStudent(tokenizer, NOTHING), material, RECIPE, dimension=dimension, questions=40)


def test_a_student_learns_its_teachers_vectors_and_says_so_of_articles_that_it_did_not_see(
    tokenizer: Tokenizer, passages: list[Passage]
) -> None:
    learned = learn(tokenizer, passages, [HashingEncoder()])
    closeness, against_teacher, against_start = learned.metrics
    assert closeness.before is not None
    assert closeness.before < closeness.after
    assert closeness.after > 0.95
    assert against_teacher.after == against_start.after
    assert learned.data == {"articles": 54, "titles and sentences": 40, "articles held out": 6}


def test_a_saved_student_is_read_like_any_model_and_gives_the_same_vectors_to_queries_and_articles(
    tokenizer: Tokenizer, passages: list[Passage], tmp_path: Path
) -> None:
    student = learn(tokenizer, passages, [HashingEncoder()]).student
    student.save(tmp_path / "student")
    encoder = TextEncoder(str(tmp_path / "student"))
    assert encoder.spec.dimension == 64
    articles = encoder.encode_documents(passages)
    np.testing.assert_allclose(np.linalg.norm(articles, axis=1), 1, atol=1e-3)
    texts = [f"{p.title} {p.abstract}" for p in passages]
    np.testing.assert_allclose(articles, encoder.encode_queries(texts), atol=1e-3)
    np.testing.assert_allclose(articles, student.encode(student.bags(texts)), atol=1e-3)


def test_a_student_reads_a_text_to_its_end(tokenizer: Tokenizer) -> None:
    assert len(bags_of(tokenizer, [" ".join(WORDS * 100)]).tokens) == 100 * len(WORDS)


def test_a_text_without_tokens_is_a_vector_of_zeros(tokenizer: Tokenizer) -> None:
    student = StaticStudent(tokenizer, np.ones((tokenizer.get_vocab_size(), 4), dtype=np.float32))
    assert student.encode(student.bags(["lung", ""])).tolist() == [[0.5] * 4, [0] * 4]


def test_several_teachers_are_averaged(tokenizer: Tokenizer, passages: list[Passage]) -> None:
    first, second = HashingEncoder(32), HashingEncoder(48)
    parts = [first.encode_documents(passages), second.encode_documents(passages)]
    placed = find_space(parts, 80).place(parts)
    averaged = (parts[0] @ parts[0].T + parts[1] @ parts[1].T) / 2
    np.testing.assert_allclose(placed @ placed.T, averaged, atol=1e-5)
    learned = learn(tokenizer, passages, [first, second], dimension=16)
    assert learned.student.weights.shape == (tokenizer.get_vocab_size(), 16)


def test_fewer_numbers_keep_the_similarities_where_the_vectors_lie_in_fewer_directions() -> None:
    choice = np.random.default_rng(0)
    flat = (choice.normal(size=(40, 3)) @ choice.normal(size=(3, 20))).astype(np.float32)
    unit = flat / np.linalg.norm(flat, axis=1, keepdims=True)
    placed = find_space([flat], 3).place([flat])
    np.testing.assert_allclose(placed @ placed.T, unit @ unit.T, atol=1e-4)


def test_a_student_cannot_have_more_numbers_than_its_teachers(passages: list[Passage]) -> None:
    with pytest.raises(ConfigurationError, match="cannot have 65 numbers where its teachers have 64 together"):
        find_space([HashingEncoder().encode_documents(passages)], 65)


def test_an_earlier_student_is_gone_on_from(tokenizer: Tokenizer, passages: list[Passage], tmp_path: Path) -> None:
    teacher = HashingEncoder()
    learn(tokenizer, passages, [teacher]).student.save(tmp_path / "student")
    assert is_static(tmp_path / "student")
    material = Material(passages, [teacher.encode_documents(passages)])
    start = open_student(tmp_path / "student")
    again = distill([teacher], start, material, RECIPE, dimension=64, questions=40)
    assert again.metrics[0].before is not None
    assert again.metrics[0].before > 0.95


def test_only_a_student_can_be_gone_on_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no static student"):
        open_student(tmp_path)


def test_the_same_seed_gives_the_same_student(tokenizer: Tokenizer, passages: list[Passage]) -> None:
    once, again = (learn(tokenizer, passages, [HashingEncoder()]).student.weights for _ in range(2))
    np.testing.assert_allclose(once, again, atol=1e-6)


def test_the_clock_ends_a_fit_that_the_passes_do_not(tokenizer: Tokenizer, passages: list[Passage]) -> None:
    lessons = Lessons(bags_of(tokenizer, [p.abstract for p in passages]), HashingEncoder().encode_documents(passages))
    start = StaticStudent(tokenizer, np.ones((tokenizer.get_vocab_size(), 64), dtype=np.float32))
    assert fit(start, lessons, lessons, replace(RECIPE, seconds=1e-9, passes=1e9)).steps == 1


def test_too_few_articles_are_refused(tokenizer: Tokenizer, passages: list[Passage]) -> None:
    with pytest.raises(InputError, match="there are 9 articles to distill from"):
        learn(tokenizer, passages[:9], [HashingEncoder()])


def test_least_squares_agree_with_the_slow_solution(tokenizer: Tokenizer, passages: list[Passage]) -> None:
    bags = bags_of(tokenizer, [p.abstract for p in passages])
    size = tokenizer.get_vocab_size()
    means = np.stack([np.bincount(bags.tokens[a:b], minlength=size) / (b - a) for a, b in pairs(bags.starts)])
    targets = np.random.default_rng(0).normal(size=(len(passages), 5)).astype(np.float32)
    # A number that is 0 everywhere: some models have one.
    targets[:, 4] = 0
    found = nearest_weights(bags, targets, np.zeros((size, 5), np.float32), ridge=0.1, rounds=60)
    slow = np.linalg.solve(means.T @ means + 0.1 * np.eye(size), means.T @ targets)
    np.testing.assert_allclose(found, slow, atol=1e-3)


def test_frequent_tokens_begin_shorter_than_rare_ones_and_marks_as_nothing(tokenizer: Tokenizer) -> None:
    assert token_texts(tokenizer)[:3] == ["", "lung", "colon"]
    bags = bags_of(tokenizer, ["the the the the lung"] * 50)
    tokens = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 8)).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    lengths = np.linalg.norm(first_weights(tokens, [n > 0 for n in range(len(tokens))], bags), axis=1)
    assert lengths[0] == 0
    assert lengths[1 + WORDS.index("the")] < lengths[1 + WORDS.index("lung")] < lengths[1 + WORDS.index("skin")]


def test_questions_are_titles_and_sentences_half_and_half(passages: list[Passage]) -> None:
    asked = questions_of(passages, 20, seed=0)
    assert len(asked) == 20
    assert sum(text in {p.title for p in passages} for text in asked) == 10


def test_a_known_item_counts_by_its_place_and_ties_count_against_it() -> None:
    same: Vectors = np.ones((2, 3), dtype=np.float32)
    assert known_item(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32)) == 1.0
    assert known_item(same, same) == pytest.approx(1 / np.log2(3))


def pairs(starts: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
