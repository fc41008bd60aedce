"""The tree of MeSH: what a heading finds, and where the tree is kept."""

from pathlib import Path

import pytest

from retrieval.errors import GenerationError
from retrieval.mesh_tree import Heading, MeshTree, load_tree, save_tree

TREE = MeshTree(
    (
        Heading("Neoplasms", "D1", ("C04",)),
        Heading("Lung Neoplasms", "D2", ("C04.588.894.797.520", "C08.785.520")),
        Heading("Pulmonary Blastoma", "D3", ("C04.588.894.797.520.867",)),
        Heading("Lung Diseases", "D4", ("C08.381", "C08.38")),
        Heading("Cysts", "", ("C040",)),
        Heading("Female", "D5"),
    )
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Neoplasms", {"neoplasms", "d1", "lung neoplasms", "d2", "pulmonary blastoma", "d3"}),
        ("d2", {"lung neoplasms", "d2", "pulmonary blastoma", "d3"}),
        ("Pulmonary Blastoma", {"pulmonary blastoma", "d3"}),
        ("Lung Diseases", {"lung diseases", "d4"}),
        ("Female", {"female", "d5"}),
        ("Nothing known", {"nothing known"}),
    ],
)
def test_a_heading_finds_itself_and_all_below_it_at_any_of_its_places(value: str, found: set[str]) -> None:
    assert set(TREE.terms([value])) == found


def test_without_explosion_a_heading_is_itself() -> None:
    assert TREE.terms(["Neoplasms", "Female"], explode=False) == ["neoplasms", "female"]


def test_headings_are_known_by_name_and_identifier() -> None:
    assert [value in TREE for value in ("LUNG NEOPLASMS", "D2", "C04", "")] == [True, True, False, False]


def test_an_empty_tree_knows_nothing() -> None:
    assert MeshTree().terms(["Neoplasms"]) == ["neoplasms"]
    assert "Neoplasms" not in MeshTree()


def test_a_tree_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    for tree in (TREE, MeshTree()):
        save_tree(tree, tmp_path / "tree.json")
        assert load_tree(tmp_path / "tree.json") == tree


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff"])
def test_a_kept_tree_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "tree.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(GenerationError, match=r"the MeSH tree .*tree\.json cannot be read.*rebuild or roll back"):
        load_tree(path)
