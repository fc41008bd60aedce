"""Organs, species and study types: what tells them, and what does not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from retrieval.analysis import Analyzer
from retrieval.classification import CLASS_FACETS, Classes, Classifier, read_tables
from retrieval.errors import ConfigurationError
from retrieval.mesh_tree import Heading, MeshTree
from retrieval.records import Article, MeshHeading, Term
from retrieval.vocabulary.classes import ArticleClass, ClassTable, fingerprint, read_classes
from tests.real_data import DATA, needs_data

ANALYZER = Analyzer()
NEWER_THAN_2020 = {
    "Melanoma, Cutaneous Malignant",
    "Uveal Melanoma",
    "Scoping Review",
    "Consensus Statement",
}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(ANALYZER, MeshTree())


def article(title: str = "", mesh: tuple[str, ...] = (), types: tuple[str, ...] = ()) -> Article:
    return Article(
        pmid=1,
        title=title,
        mesh=tuple(MeshHeading(name=name) for name in mesh),
        publication_types=tuple(Term(name=name) for name in types),
    )


def told(classifier: Classifier, of: Article) -> Classes:
    return classifier.classify(of, ANALYZER.text(of.title).row)


@pytest.mark.parametrize(
    ("title", "organs"),
    [
        ("PD-L1 in non-small-cell lung carcinoma", ("lung",)),
        ("Brain metastases of breast cancer", ("breast", "brain")),
        ("Haematopoietic neoplasms of the bone marrow", ("blood and bone marrow",)),
        ("Bone tumours", ("bone",)),
        ("Brain natriuretic peptide in the elderly", ()),
        ("Ovaries and Fallopian tubes", ("ovary",)),
        ("Cervical spine injuries", ()),
        ("Cervical intraepithelial neoplasia", ("uterine cervix",)),
        ("A plain title", ()),
        ("", ()),
    ],
)
def test_organs_are_told_by_words_of_the_title_the_longest_first(
    classifier: Classifier, title: str, organs: tuple[str, ...]
) -> None:
    assert told(classifier, article(title)).organs == organs
    assert told(classifier, article(title, mesh=("Humans",))).organs == organs


def test_organs_are_told_by_headings(classifier: Classifier) -> None:
    assert told(classifier, article(mesh=("carcinoma, renal cell", "Prostatic Neoplasms"))).organs == (
        "kidney",
        "prostate",
    )


def test_headings_below_a_listed_one_tell_the_organ_where_the_tree_is_known() -> None:
    below = article(mesh=("Pulmonary Blastoma",))
    tree = MeshTree((Heading("Lung Neoplasms", "D1", ("C04.5",)), Heading("Pulmonary Blastoma", "D2", ("C04.5.8",))))
    assert told(Classifier(ANALYZER, MeshTree()), below).organs == ()
    assert told(Classifier(ANALYZER, tree), below).organs == ("lung",)


def test_the_check_tag_animals_does_not_stand_for_humans_below_it() -> None:
    tree = MeshTree((Heading("Animals", "D000818", ("B01.050",)), Heading("Humans", "D006801", ("B01.050.150",))))
    assert told(Classifier(ANALYZER, tree), article(mesh=("Humans",))).species == ("human",)


@pytest.mark.parametrize(
    ("title", "mesh", "species"),
    [
        ("", ("Humans",), ("human",)),
        ("", ("Animals", "Humans", "Mice"), ("human", "animal", "mouse")),
        ("Tumours in mice", (), ("animal", "mouse")),
        ("Tumours of 20 patients", (), ("human",)),
        ("Tumours in mice", ("Humans",), ("human",)),
        ("Human papillomavirus in rabbits", (), ("animal", "rabbit")),
        ("Canine mast cell tumours", (), ("animal", "dog")),
    ],
)
def test_species_are_told_by_headings_and_without_headings_by_the_title(
    classifier: Classifier, title: str, mesh: tuple[str, ...], species: tuple[str, ...]
) -> None:
    assert told(classifier, article(title, mesh)).species == species


@pytest.mark.parametrize(
    ("title", "mesh", "types", "studies"),
    [
        ("", (), ("Journal Article", "Case Reports"), ("case report",)),
        ("", (), ("Randomized Controlled Trial",), ("randomized controlled trial", "clinical trial")),
        ("", (), ("Meta-Analysis", "Systematic Review"), ("meta-analysis", "systematic review", "review")),
        ("", ("Retrospective Studies",), (), ("cohort study",)),
        ("", ("Case-Control Studies",), (), ("case-control study",)),
        ("", ("Cross-Sectional Studies",), (), ("cross-sectional study",)),
        ("", ("Animals", "Mice"), (), ("animal study",)),
        ("", ("Animals", "Humans"), (), ()),
        ("", ("Cell Line, Tumor", "Humans"), (), ("in vitro study",)),
        ("", (), ("Practice Guideline",), ("guideline",)),
        ("A randomised trial of frozen sections", (), (), ("randomized controlled trial", "clinical trial")),
        ("Report of a case", (), (), ("case report",)),
        ("Report of a case", ("Humans",), (), ()),
        ("Peer review of grading", (), (), ()),
    ],
)
def test_study_types_are_told_by_types_headings_and_without_headings_by_the_title(
    classifier: Classifier, title: str, mesh: tuple[str, ...], types: tuple[str, ...], studies: tuple[str, ...]
) -> None:
    assert told(classifier, article(title, mesh, types)).study_types == studies


def test_a_class_is_asked_for_by_other_words_as_well(classifier: Classifier) -> None:
    also = classifier.also
    assert tuple(also) == CLASS_FACETS
    assert (also["organ"]["cervix"], also["study"]["rct"], also["species"]["mice"]) == (
        "uterine cervix",
        "randomized controlled trial",
        "mouse",
    )


def test_the_fingerprint_changes_with_what_a_table_says() -> None:
    table = ClassTable("always", (ArticleClass("lung", title=("lung",)),))
    other = ClassTable("always", (ArticleClass("lung", title=("lungs",)),))
    assert fingerprint(table) == fingerprint(table) != fingerprint(other)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('title_words = "always"', "missing required field `class`"),
        ('title_words = "never"\nclass = []', "Invalid enum value 'never'"),
        ('title_words = "always"\n[[class]]\nname = "a"\ncolour = "red"', "unknown field `colour`"),
        ('title_words = "always"\n[[class]]\nname = "a"\nmesh = "Lung"', "Expected `array`"),
        (
            'title_words = "always"\n[[class]]\nname = "a"\n[[class]]\nname = "b"\nalso = ["A"]',
            "'a' stands for 'a' and",
        ),
        ("title_words = ", "cannot be used"),
    ],
)
def test_a_table_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "organs.toml"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=reason) as refused:
        read_classes(path)
    assert "organs.toml" in str(refused.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"organs\.toml cannot be read: No such file"):
        read_classes(tmp_path / "organs.toml")


@needs_data
def test_the_tables_name_headings_as_mesh_has_them() -> None:
    with gzip.open(DATA / "mesh" / "mesh2020.nodes.tsv.gz", "rt", encoding="utf-8") as lines:
        known = {line.rstrip("\n").partition("\t")[2] for line in lines}
    named = {
        name
        for table in read_tables()
        for each in table.classes
        for name in (*each.mesh, *each.mesh_alone, *each.unless, *each.types)
    }
    assert named - known == NEWER_THAN_2020
