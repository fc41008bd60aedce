"""The vocabulary: what a file may hold, what is wrong with it, and what the packaged one knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError
from retrieval.vocabulary.file import SynonymGroup, Vocabulary, read_vocabulary, spellings


def read(folder: Path, text: str) -> Vocabulary:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return read_vocabulary(path)


def test_a_group_is_a_line(tmp_path: Path) -> None:
    vocabulary = read(
        tmp_path,
        """
        company.marker = ["stain"]
        [groups]
        marker = [{ name = "HER2", terms = ["ERBB2"], ambiguous = ["neu"], company = ["breast"] }]
        entity = [{ name = "lung cancer" }]
        """,
    )
    assert vocabulary.company == {"marker": ("stain",)}
    assert vocabulary.groups == (
        SynonymGroup("HER2", "marker", ("ERBB2",), ("neu",), ("breast",)),
        SynonymGroup("lung cancer", "entity"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("groups = ", "own.toml is no TOML file"),
        ("", r"has nothing; it takes \[groups\] and \[company\]"),
        ("[groups]\n[grops]\n", r"has grops, groups; it takes"),
        ("[groups]\nmarkers = []", "groups.markers: it takes lists of groups under marker, entity, cytology, stain"),
        ('[groups]\nmarker = "HER2"', "groups.marker: it takes lists"),
        ('[groups]\nmarker = ["HER2"]', "marker 'HER2': a group takes ambiguous, company, name, terms"),
        ('[groups]\nmarker = [{name = "HER2", term = []}]', "marker 'HER2': a group takes"),
        ('[groups]\nmarker = [{name = "HER2", terms = "ERBB2"}]', r"marker 'HER2': Expected `array`.* `\$.terms`"),
        ('[groups]\nmarker = [{terms = ["ERBB2"]}]', "marker '\\?': .*missing required field `name`"),
        ('[groups]\nmarker = [{name = "HER2", terms = ["--"]}]', "'--' holds no letter or digit"),
        ('[groups]\ncompany = []\n[company]\nmarker = "a"', "groups.company"),
        ('[company]\nmarker = "a"\n[groups]', r"\[company\]: Expected `array`"),
        (
            '[groups]\nmarker = [{name = "c-KIT"}, {name = "KIT", terms = ["ckit"]}]',
            "'ckit' stands in 'c-KIT' and in 'KIT'; keep it in one of them, or make it `ambiguous` in both",
        ),
        (
            '[groups]\nentity = [{name = "AML"}, {name = "angiomyolipoma", ambiguous = ["AML"]}]',
            "'AML' is ambiguous in 'angiomyolipoma' and a name of 'AML'",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path, text)


def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file.*the setting `vocabulary`"):
        read_vocabulary(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("HER2", {"ERBB2", "c-erbB-2", "CD340", "HER2/neu"}),
        ("PD-L1", {"CD274", "B7-H1"}),
        ("p63", {"TP63"}),
        ("TTF-1", {"NKX2-1"}),
        ("Ki-67", {"MKI67"}),
        ("p53", {"TP53"}),
        ("c-KIT", {"CD117"}),
        ("smooth muscle actin", {"ACTA2"}),
        ("epithelial membrane antigen", {"MUC1"}),
        ("E-cadherin", {"CDH1"}),
        ("p16", {"CDKN2A"}),
        ("BRG1", {"SMARCA4"}),
        ("INI1", {"SMARCB1"}),
        ("diffuse large B-cell lymphoma", {"DLBCL"}),
        ("gastrointestinal stromal tumor", {"GIST"}),
        ("hepatocellular carcinoma", {"HCC"}),
        ("ductal carcinoma in situ", {"DCIS"}),
        ("non-small cell lung cancer", {"NSCLC"}),
        ("hematoxylin and eosin", {"H&E"}),
        ("fine-needle aspiration", {"FNA"}),
    ],
)
def test_the_packaged_vocabulary_knows_the_aliases_of_daily_work(name: str, others: set[str]) -> None:
    groups = {group.name: group for group in read_vocabulary().groups}
    assert others <= set(groups[name].terms)


def test_the_packaged_vocabulary_has_hundreds_of_groups_of_every_kind() -> None:
    groups = read_vocabulary().groups
    assert len(groups) >= 400
    assert {group.kind for group in groups} == {"marker", "entity", "cytology", "stain", "technique"}


def test_ambiguous_names_of_two_groups_say_their_company() -> None:
    groups = read_vocabulary().groups
    names = [term for group in groups for term in group.ambiguous]
    shared = {term for term in names if names.count(term) > 1}
    assert {"AML", "GCT", "ACC"} <= shared
    assert [group.name for group in groups if shared.intersection(group.ambiguous) and not group.company] == []


def test_symbols_are_one_word_names_of_markers_and_words_with_two_capitals() -> None:
    groups = (
        SynonymGroup("catalase", "marker", ("E-cadherin", "ETS-related gene", "TP53", "neu oncogene")),
        SynonymGroup("HCC", "entity"),
    )
    assert Vocabulary(groups, {}).symbols() == {"catalase", "cadherin", "ecadherin", "ets"}


def test_a_number_may_stand_apart_and_capitals_have_a_plural() -> None:
    assert spellings("CD20") == ("CD20", "CD-20")
    assert spellings("p53") == ("p53",)
    assert spellings("HCC") == ("HCC", "HCCs")


def test_groups_of_another_source_add_names_or_come_behind() -> None:
    own = Vocabulary((SynonymGroup("HER2", "marker", ("ERBB2",)), SynonymGroup("p63", "marker")), {})
    joined = own.with_more(
        [
            SynonymGroup("Receptor, erbB-2", "MeSH heading", ("ErbB2", "CD340 Antigen"), source="MeSH D018719"),
            SynonymGroup("Abattoirs", "MeSH heading", ("Slaughterhouses",), source="MeSH D000003"),
            SynonymGroup("Both", "MeSH heading", ("HER2", "p63"), source="MeSH D000000"),
        ]
    )
    assert joined.groups == (
        SynonymGroup(
            "HER2",
            "marker",
            ("ERBB2", "Receptor, erbB-2", "CD340 Antigen"),
            source="vocabulary and MeSH D018719",
        ),
        SynonymGroup("p63", "marker"),
        SynonymGroup("Abattoirs", "MeSH heading", ("Slaughterhouses",), source="MeSH D000003"),
    )
