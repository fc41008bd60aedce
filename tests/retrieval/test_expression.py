"""Lists of expressed genes: what is read, what is refused, what the genes are called and how much they weigh."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import ConfigurationError, InputError
from retrieval.expression import (
    HOUSEKEEPING_SHARE,
    MOST_CHARACTERS,
    MOST_GENES,
    Gene,
    GeneNames,
    parse_expression,
    query_text,
    read_housekeeping,
    weighted_terms,
)
from retrieval.vocabulary.file import SynonymGroup, Vocabulary

housekeeping = read_housekeeping()


def change(entry: str) -> float | None:
    (gene,) = parse_expression(entry)
    return gene.log2_fold_change


@pytest.mark.parametrize(
    ("entry", "log2"),
    [
        ("TP53", None),
        ("TP53:2", 1.0),
        ("TP53\t2", 1.0),
        ("TP53 = 2", 1.0),
        ("TP53 2.0", 1.0),
        ("TP53 +8e0", 3.0),
        ("TP53 1", 0.0),
        ("TP53 0.25", -2.0),
        ("TP53 -4", -2.0),
        ("TP53 \u22124", -2.0),
        ("TP53 -1", 0.0),
        ("ERBB2=log2:4.2", 4.2),
        ("ERBB2 log2 -0.3", -0.3),
        ("ERBB2:Log2FC=0", 0.0),
        ("gene log2FoldChange\nTP53 -0.5", -0.5),
        ("Symbol\tfold change\nTP53\t4", 2.0),
        ("gene_name\nTP53", None),
    ],
)
def test_numbers_are_fold_changes_unless_they_are_said_to_be_logarithms(entry: str, log2: float | None) -> None:
    assert change(entry) == pytest.approx(log2)


def test_lines_commas_and_semicolons_part_entries_and_comments_go() -> None:
    text = "# a list\nTP53:2.5, KRT5 -3.1  # basal\n\n;CD274;\r\nNKX2-1\n"
    assert [gene.symbol for gene in parse_expression(text)] == ["TP53", "KRT5", "CD274", "NKX2-1"]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("CD274", "PD-L1"),
        ("cd274", "PD-L1"),
        ("NKX2-1", "TTF-1"),
        ("ERBB2", "HER2"),
        ("TP53", "p53"),
        ("KRT5", "cytokeratin 5"),
        ("estrogen receptor", "estrogen receptor"),
        ("ESR1", "estrogen receptor"),
        ("KIT", "c-KIT"),
        ("MET", "c-Met"),
    ],
)
def test_aliases_get_the_name_of_their_marker(symbol: str, name: str) -> None:
    (gene,) = parse_expression(f"{symbol}:2")
    assert (gene.symbol, gene.name, gene.known) == (symbol, name, True)


def test_unknown_symbols_are_kept_as_typed_and_said_to_be_unknown() -> None:
    assert parse_expression("Zfp36l9, LINC09999:4") == (
        Gene("Zfp36l9", "Zfp36l9", known=False),
        Gene("LINC09999", "LINC09999", 2.0, known=False),
    )


def test_a_name_of_two_markers_stays_as_typed() -> None:
    groups = tuple(SynonymGroup(name, "marker", ambiguous=("XY",)) for name in ("first", "second"))
    names = GeneNames(Vocabulary(groups, {}), housekeeping)
    assert parse_expression("XY", names) == (Gene("XY", "XY", known=False),)


def test_names_of_other_kinds_are_no_genes() -> None:
    names = GeneNames(Vocabulary((SynonymGroup("hematoxylin and eosin", "stain", ("HNE",)),), {}), housekeeping)
    assert parse_expression("HNE", names) == (Gene("HNE", "HNE", known=False),)


def test_one_gene_by_several_names_is_one_with_the_largest_change() -> None:
    (gene,) = parse_expression("CD274, PD-L1:2, pdl1 -8, B7-H1 4")
    assert (gene.symbol, gene.name, gene.log2_fold_change) == ("CD274", "PD-L1", -3.0)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("TP53, 2.5", "'2.5'"),
        ("TP53 2,5", "'5'"),
        ("KRT5, TP53:", "'TP53:'"),
        ("TP53:high", "'TP53:high'"),
        ("over expressed genes", "'over expressed genes'"),
        ("TP53 nan", "'TP53 nan'"),
        ("TP53 1e999", "no finite number"),
        ("TP53 0", "log2:0"),
        ("TP53 -0.5", "log2:-0.5"),
        ("CD 20", "'CD20' or 'CD:20'"),
        ("HER 2", "'HER2' or 'HER:2'"),
        ("1-Mar", "date that a spreadsheet made"),
        ("Sep-02:3", "date that a spreadsheet made"),
        ("TP53 0.4\nKRT5 -2.1", "both may be logarithms"),
        ("CD20+", r"'CD20\+'"),
        ("x" * 100, "'x{60}...'"),
        ("", "names no gene"),
        ("# nothing\n,,;", "names no gene"),
        ("gene log2", "names no gene"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, named: str) -> None:
    with pytest.raises(InputError, match=named):
        parse_expression(text)


def test_lists_are_limited() -> None:
    most = "\n".join(f"G{i}" for i in range(MOST_GENES))
    assert len(parse_expression(f"gene\n{most}")) == MOST_GENES
    with pytest.raises(InputError, match="2,001 entries"):
        parse_expression(f"{most}\nG0")
    with pytest.raises(InputError, match="characters"):
        parse_expression("A" * (MOST_CHARACTERS + 1))


@pytest.mark.parametrize("text", ["gene" + " " * 150_000 + "!", "A" * 150_000, "a-" * 70_000, "A" + "\t:" * 70_000])
def test_nonsense_is_refused_at_once(text: str) -> None:
    with pytest.raises(InputError, match="is no gene"):
        parse_expression(text)


@pytest.mark.parametrize("symbol", ["ACTB", "gapdh", "B2M", "RPLP0", "RPL13A", "RPS6", "Rps27a", "MT-CO1", "mt-Nd4"])
def test_housekeeping_genes_count_a_twentieth(symbol: str) -> None:
    (gene,) = parse_expression(f"{symbol}:4")
    assert gene.housekeeping
    assert gene.weight == pytest.approx(2 * HOUSEKEEPING_SHARE)


@pytest.mark.parametrize("symbol", ["RPS6KB1", "RPS6KA3", "MRPL12", "MT1X", "TP53", "ACTA2"])
def test_what_only_looks_like_housekeeping_counts_in_full(symbol: str) -> None:
    assert not parse_expression(symbol)[0].housekeeping


def test_weights_are_sizes_of_logarithms_in_order() -> None:
    genes = parse_expression("GAPDH 64, KRT5 -4, TP53 1.1, ERBB2 8, CD274, VIM 1e9, SOX10 1")
    names, weights = zip(*weighted_terms(genes), strict=True)
    assert names == ("vimentin", "HER2", "cytokeratin 5", "PD-L1", "GAPDH", "p53", "SOX10")
    assert weights == pytest.approx((10, 3, 2, 1, 6 * HOUSEKEEPING_SHARE, math.log2(1.1), 0))


def test_without_fold_changes_all_weigh_the_same_in_the_order_of_the_list() -> None:
    assert weighted_terms(parse_expression("SOX10, KRT5, CD274")) == (
        ("SOX10", 1.0),
        ("cytokeratin 5", 1.0),
        ("PD-L1", 1.0),
    )


def test_the_query_names_the_heaviest() -> None:
    genes = parse_expression("GAPDH 64, KRT5 -4, ERBB2 8, CD274 1")
    assert query_text(genes) == "HER2, cytokeratin 5, GAPDH"
    assert query_text(genes, most=2) == "HER2, cytokeratin 5"
    assert query_text(parse_expression("CD274 1")) == ""
    assert query_text(parse_expression(",".join(f"G{i}" for i in range(50)))).count(",") == 11


@pytest.mark.parametrize("content", ["genes = [1]", "gene = []", "genes = ", "\udcff"])
def test_a_list_of_housekeeping_genes_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match=r"mine\.toml cannot be used"):
        read_housekeeping(path)
    with pytest.raises(ConfigurationError, match=r"absent\.toml cannot be read"):
        read_housekeeping(tmp_path / "absent.toml")


symbols = st.from_regex(r"[A-Z]{2,5}[0-9]{0,2}[A-Z]", fullmatch=True)


@given(st.dictionaries(symbols, st.floats(-9, 9), min_size=1, max_size=20), st.sampled_from([":", "\t", " ", " = "]))
def test_every_list_of_logarithms_comes_back(changes: dict[str, float], gap: str) -> None:
    genes = parse_expression("\n".join(f"{symbol}{gap}log2:{value!r}" for symbol, value in changes.items()))
    assert {gene.symbol for gene in genes} <= set(changes)
    assert all(abs(gene.log2_fold_change or 0) >= abs(changes[gene.symbol]) for gene in genes)
    weights = [weight for _, weight in weighted_terms(genes)]
    assert weights == sorted(weights, reverse=True)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        genes = parse_expression(text)
    except InputError:
        return
    assert genes
    assert all(math.isfinite(gene.weight) and gene.weight >= 0 for gene in genes)
