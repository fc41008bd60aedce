"""Systems from a file: what they say, and what is refused."""

from pathlib import Path

import pytest

from evaluation.systems import BUILT_IN, System, chosen, read_systems
from retrieval.errors import InputError


def test_a_file_names_what_differs_from_the_default(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[[system]]\nname = "words"\nlegs = ["lexical"]\nexpand = false\n')
    assert read_systems(tmp_path / "s.toml") == (System("words", legs=("lexical",), expand=False),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[[system]]\nname = "a"\nreranked = true\n', "s.toml is no list of systems: .*reranked"),
        ('[[system]]\nname = "a b"\n', "'a b' is no name for a system"),
        ('[[system]]\nname = "a"\nlexical_weight = 1.5\n', "lexical_weight is 1.5; it lies between 0 and 1"),
        ('[[system]]\nname = "a"\nlegs = []\n', "the system a has no leg"),
        ('[[system]]\nname = "a"\nfusion = "sum"\n', "s.toml is no list of systems: .*sum"),
        ("rubbish", "s.toml is no list of systems"),
    ],
)
def test_what_no_system_can_be_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "s.toml").write_text(content)
    with pytest.raises(InputError, match=message):
        read_systems(tmp_path / "s.toml")


def test_systems_are_chosen_by_name_and_a_file_may_replace_a_built_in_one() -> None:
    mine = System("lexical", legs=("lexical",), expand=False)
    assert chosen(["lexical"], [*BUILT_IN, mine]) == [mine]
    assert [system.name for system in chosen([], BUILT_IN)] == [system.name for system in BUILT_IN]
    with pytest.raises(InputError, match="there is no system 'best'; there are default, both, both-even, lexical"):
        chosen(["best"], BUILT_IN)
