"""The concepts that images are compared with: what a file may hold, what is wrong with it, what ours has."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError
from retrieval.vocabulary.concepts import Concept, read_concepts


def read(folder: Path, text: str) -> tuple[Concept, ...]:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_concepts(path)


def test_a_concept_is_a_line_and_its_name_stands_for_all_that_is_not_given(tmp_path: Path) -> None:
    bare, full, organ = read(
        tmp_path,
        """
        [concepts]
        entity = [
          { name = "meningioma" },
          { name = "liver cancer", organ = "liver", terms = ["HCC"], prompts = ["a tumour"], query = "hepatoma" },
        ]
        organ = [{ name = "liver", organ = "liver" }]
        """,
    )
    assert bare == Concept("meningioma", "entity", "meningioma", terms=("meningioma",), prompts=("meningioma",))
    assert (full.query, full.terms, full.prompts) == ("hepatoma", ("HCC",), ("liver cancer", "a tumour"))
    assert {"liver", "hepatic"} <= set(full.organ_words)
    # An organ names no diagnosis.
    assert (organ.terms, organ.organ_words) == ((), full.organ_words)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[concepts", "own.toml cannot be used"),
        ("", "own.toml cannot be used"),
        ("[concepts]", "own.toml hold none"),
        ("[concepts]\nentity = []", "own.toml hold none"),
        ('[concepts]\nmood = [{ name = "sad" }]', "own.toml cannot be used: .*'mood'"),
        ('[concepts]\nentity = [{ name = "a", kind = "b" }]', "own.toml cannot be used: .*`kind`"),
        ('[concepts]\nentity = [{ terms = ["a"] }]', "own.toml cannot be used: .*`name`"),
        ('[concepts]\nentity = [{ name = "a" }, { name = "a" }]', "'a' stands there twice"),
        ('[concepts]\nentity = [{ name = "a" }]\nstain = [{ name = "a" }]', "'a' stands there twice"),
        ('[concepts]\nentity = [{ name = " " }]', "or is empty"),
        (
            '[concepts]\nentity = [{ name = "a", organ = "heaven" }]',
            "'a' has the organ 'heaven', which organs.toml lacks",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path, text)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.toml cannot be read: No such file.* setting `concepts`"):
        read_concepts(tmp_path / "none.toml")
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"own\.toml cannot be used"):
        read_concepts(path)


def test_the_packaged_concepts_can_tell_apart_what_they_ask_about() -> None:
    concepts = read_concepts()
    kinds = {kind: [c for c in concepts if c.kind == kind] for kind in {c.kind for c in concepts}}
    assert {"entity", "organ", "tissue", "pattern", "stain", "specimen", "cytology"} == set(kinds)
    # A table of one would be certain of it whatever an image shows.
    assert min(map(len, kinds.values())) >= 2
    for concept in concepts:
        assert concept.prompts[0] == concept.name
        assert all(word.strip() for word in (*concept.terms, *concept.organ_words, *concept.prompts, concept.query))


def test_every_packaged_entity_can_be_named_by_an_article() -> None:
    for concept in read_concepts():
        if concept.kind == "entity":
            assert concept.terms, concept.name
        if concept.kind == "organ":
            assert concept.organ_words, concept.name
