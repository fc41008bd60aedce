"""Labels: an article must name organ and diagnosis, in words that mean them."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluation.image.labels import find_label, random_levels, read_labels, text_of
from retrieval.errors import ConfigurationError
from retrieval.records import MeshHeading
from tests.fakes import article

LABELS = read_labels()


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("lung adenocarcinoma", "Adenocarcinomas of the lung", True),
        ("lung adenocarcinoma", "Bronchial adenocarcinoma", True),
        ("lung adenocarcinoma", "Lung cancer", False),
        ("lung adenocarcinoma", "Adenocarcinoma of the colon", False),
        ("lung squamous cell carcinoma", "Squamous-cell carcinoma, pulmonary", True),
        ("colon adenocarcinoma", "Rectal adenocarcinoma", True),
        ("colon adenocarcinoma", "Colonies of an adenocarcinoma line in rectangular wells", False),
        ("normal lung tissue", "Healthy lungs", True),
        ("normal lung tissue", "Abnormal lungs", False),
        ("normal colon mucosa", "Non-neoplastic colonic mucosa", True),
        ("normal colon mucosa", "Nontumour colon", True),
    ],
)
def test_an_article_fits_by_words_of_organ_and_diagnosis(name: str, text: str, fits: bool) -> None:
    label = find_label(LABELS, name)
    assert label is not None
    assert label.fits(text) is fits


def test_headings_of_mesh_count_as_words_of_the_article() -> None:
    headed = article(1, "A case")
    label = find_label(LABELS, "lung aca")
    assert label is not None
    assert not label.fits(text_of(headed))
    names = ("Lung Neoplasms", "Adenocarcinoma")
    with_mesh = type(headed)(pmid=1, title="A case", mesh=tuple(MeshHeading(name=name) for name in names))
    assert label.fits(text_of(with_mesh))


def test_a_label_is_found_by_folder_or_caption_and_unknown_ones_have_none() -> None:
    found = find_label(LABELS, "patches", "Lung_ACA")
    assert found is not None
    assert found.name == "lung adenocarcinoma"
    assert find_label(LABELS, "heart") is None


def test_the_random_level_is_the_share_of_articles_that_fit() -> None:
    texts = ["Lung adenocarcinoma", "Lung", "Adenocarcinoma", "Heart"]
    levels = random_levels(LABELS[:1], [article(n, text) for n, text in enumerate(texts, 1)])
    assert levels == {"lung adenocarcinoma": 0.25}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[words]\n[[label]]\nname='a'\norgan='x'\ndiagnosis='y'\n", "use x, y"),
        ("[words]\nx=['x']\n" + "[[label]]\nname='a'\norgan='x'\ndiagnosis='x'\n" * 2, "'a' names two labels"),
        ("label = 3", "cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "labels.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=told):
        read_labels(tmp_path / "labels.toml")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_labels(tmp_path / "missing.toml")
