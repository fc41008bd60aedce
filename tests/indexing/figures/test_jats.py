"""Figures, captions and licences as JATS prints them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.figures.jats import FigureDraft, JatsArticle, Licence, read_jats
from retrieval.errors import InputError, MalformedFileError, RecordError
from retrieval.records import FigureGroup, Panel
from tests.real_data import DATA, needs_data
from tests.servers.pmc_bucket import BY, fig, jats


def only(document: bytes) -> JatsArticle:
    (article,) = read_jats(document)
    return article


def drafts(body: str) -> tuple[FigureDraft, ...]:
    return only(jats("PMC1.1", body=body)).figures


def caption(inside: str) -> str:
    (draft,) = drafts(fig("fig1", inside))
    return draft.caption


def test_an_article_names_itself() -> None:
    article = only(jats("PMC123.2", pmid=45))
    assert (article.pmcid, article.version, article.pmid, article.doi) == ("PMC123", 2, 45, "10.5555/pmc123.2")


def test_older_documents_give_the_number_without_a_version() -> None:
    number = b'<article-id pub-id-type="pmc">8435807</article-id>'
    article = only(b"<article><front><article-meta>" + number + b"</article-meta></front></article>")
    assert (article.pmcid, article.version, article.pmid) == ("PMC8435807", None, None)


def test_a_figure_has_label_caption_and_image() -> None:
    assert drafts(fig("fig1", "<title>Lung biopsy.</title><p>Tumour cells.</p><p>Bar, 50 µm.</p>")) == (
        FigureDraft(
            id="fig1",
            label="Figure 1",
            caption="Lung biopsy.\nTumour cells.\nBar, 50 µm.",
            panels=(),
            hrefs=("fig1",),
        ),
    )


def test_inline_markup_reads_as_plain_text() -> None:
    assert (
        caption(
            '<p>In <italic>E. coli</italic>, CO<sub>2</sub> and 10<sup>6</sup> cells (see <xref rid="b1">Smith</xref>'
            "<!-- not here -->)<?nor here?>.</p>"
        )
        == "In E. coli, CO₂ and 10⁶ cells (see Smith)."
    )


@pytest.mark.parametrize(
    "formula",
    [
        "<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>",
        r"<alternatives><tex-math>\documentclass{x}\begin{document}$$y^3$$\end{document}</tex-math>"
        "<mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math></alternatives>",
        r"<tex-math>\documentclass{x}\begin{document}$$x²$$\end{document}</tex-math>",
    ],
)
def test_a_formula_is_said_once(formula: str) -> None:
    assert caption(f"<p>Values of <inline-formula>{formula}</inline-formula> rise.</p>") == "Values of x² rise."


def test_panels_count_the_characters_of_the_flattened_caption() -> None:
    (draft,) = drafts(
        fig("fig1", "<title>CD4<sup>+</sup> cells</title><p>(<bold>A</bold>) H&amp;E. (B) CD<sub>4</sub>.</p>")
    )
    assert draft.caption == "CD4⁺ cells\n(A) H&E. (B) CD₄."
    assert draft.panels == (Panel("A", 15, 19), Panel("B", 24, 28))


def test_bold_letters_are_labels() -> None:
    (draft,) = drafts(fig("fig1", "<p><bold>a</bold> H&amp;E. <bold>b</bold>, <bold>c</bold> Ki-67.</p>"))
    assert [(panel.label, draft.caption[panel.start : panel.end]) for panel in draft.panels] == [
        ("a", "H&E."),
        ("b", "Ki-67."),
        ("c", "Ki-67."),
    ]


def test_figures_of_a_group_keep_it() -> None:
    first, second = drafts(
        '<fig-group id="plate1"><label>Plate 1</label><caption><p>Two stains.</p></caption>'
        f"{fig('fig1', '<p>H&amp;E.</p>')}{fig('fig2', '<p>PAS.</p>')}</fig-group>"
    )
    assert first.group == second.group == FigureGroup(id="plate1", label="Plate 1", caption="Two stains.")
    assert (first.caption, second.caption) == ("H&E.", "PAS.")


@pytest.mark.parametrize(
    "place",
    ["boxed-text", "sec", "supplementary-material", "app", "floats-group"],
)
def test_figures_are_found_wherever_they_stand(place: str) -> None:
    (draft,) = drafts(f"<{place}>{fig('fig1', '<p>Here.</p>')}</{place}>")
    assert draft.caption == "Here."


def test_figures_without_an_id_or_with_the_same_get_names_of_their_own() -> None:
    found = drafts('<fig/><fig id="f"/><fig id="f"/>')
    assert [draft.id for draft in found] == ["fig1", "f", "f-2"]


def test_of_alternatives_the_image_for_browsers_counts() -> None:
    (draft,) = drafts(
        '<fig id="f"><alternatives><graphic xlink:href="f.tif"/><graphic xlink:href="f.jpg"/></alternatives></fig>'
    )
    assert draft.hrefs == ("f.jpg",)


def test_a_figure_may_have_several_images() -> None:
    (draft,) = drafts('<fig id="f"><graphic xlink:href="f-a.jpg"/><graphic xlink:href="f-b.jpg"/></fig>')
    assert draft.hrefs == ("f-a.jpg", "f-b.jpg")


def test_documents_in_a_namespace_read_the_same() -> None:
    plain_ = jats("PMC1.1", body=fig("fig1", "<p>(A) One. (B) Two.</p>"))
    spaced = plain_.replace(b"<article ", b'<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" ', 1)
    assert only(spaced) == only(plain_)


# --- Licences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permissions", "licence"),
    [
        (f'<license xlink:href="{BY}"/>', Licence("CC BY", BY)),
        (
            '<license><license-p>Under <ext-link xlink:href="http://creativecommons.org/licenses/by-nc/3.0/">this</ext-link>'
            " licence; data under http://creativecommons.org/publicdomain/zero/1.0/.</license-p></license>",
            Licence("CC BY-NC", "http://creativecommons.org/licenses/by-nc/3.0/"),
        ),
        (
            "<license><license-p>Creative Commons Attribution Non-Commercial No Derivatives</license-p></license>",
            Licence("CC BY-NC-ND"),
        ),
        ("<license><license-p>All rights reserved.</license-p></license>", Licence()),
        ("", Licence()),
    ],
)
def test_the_licence_of_an_article(permissions: str, licence: Licence) -> None:
    assert only(jats("PMC1.1", permissions=permissions)).licence == licence


def test_a_licence_code_in_the_article_counts_before_its_words() -> None:
    meta = b"<custom-meta><meta-name>pmc-license-ref</meta-name><meta-value>CC BY-NC</meta-value></custom-meta>"
    document = jats("PMC1.1").replace(b"</article-meta>", meta + b"</article-meta>")
    assert only(document).licence == Licence("CC BY-NC", BY)


def test_a_figure_without_terms_of_its_own_has_those_of_its_article() -> None:
    statement = "<copyright-statement>© The Authors 2020</copyright-statement>"
    document = jats(
        "PMC1.1",
        permissions=f'{statement}<license xlink:href="{BY}"/>',
        body=fig("fig1", "<p>Tumour.</p>", inside=f"<permissions>{statement}</permissions>"),
    )
    assert only(document).figures[0].own_licence is None


@pytest.mark.parametrize(
    ("caption_", "inside", "own"),
    [
        (
            "<p>T.</p>",
            f'<permissions><license xlink:href="{BY.replace("by", "by-nc")}"/></permissions>',
            Licence("CC BY-NC", "https://creativecommons.org/licenses/by-nc/4.0/"),
        ),
        ("<p>T.</p>", "<permissions><copyright-statement>© Elsewhere</copyright-statement></permissions>", Licence()),
        ("<p>T. Reproduced from Smith et al., with permission of the publisher.</p>", "", Licence()),
        ("<p>T.</p>", "<attrib>Adapted with permission from Smith, 2001</attrib>", Licence()),
    ],
)
def test_a_figure_may_have_other_terms_than_its_article(caption_: str, inside: str, own: Licence) -> None:
    (draft,) = drafts(fig("fig1", caption_, inside=inside))
    assert draft.own_licence == own


# --- What cannot be read --------------------------------------------------------------------------------------------


def test_a_broken_document_says_where() -> None:
    with pytest.raises(MalformedFileError, match=r"a\.xml, line 2: .*"):
        read_jats(b"<article>\n<front></article>", name="a.xml")


def test_other_xml_is_no_jats() -> None:
    with pytest.raises(RecordError, match="no <article>"):
        read_jats(b"<html/>", name="a.xml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.xml: cannot be read"):
        read_jats(tmp_path / "gone.xml")


def test_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("never shown")
    declared = f'<!DOCTYPE article [<!ENTITY leak SYSTEM "{secret.as_uri()}">]>'
    document = f"{declared}<article><fig><caption><p>&leak;</p></caption></fig></article>".encode()
    with pytest.raises(RecordError, match="undeclared entity &leak;"):
        read_jats(document)


def test_entities_that_multiply_are_refused() -> None:
    lines = ['<!ENTITY a "ha">'] + [f'<!ENTITY {b} "{f"&{a};" * 100}">' for a, b in zip("abcde", "bcdef", strict=True)]
    document = f"<!DOCTYPE article [{''.join(lines)}]><article><body>&f;</body></article>".encode()
    with pytest.raises(MalformedFileError, match="amplification"):
        read_jats(document)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with pytest.raises((MalformedFileError, RecordError)):
        read_jats(document)


@given(
    st.text(
        alphabet=st.characters(min_codepoint=32, exclude_characters="<&>", exclude_categories=("Cs", "Cc", "Cn")),
        max_size=60,
    )
)
def test_panels_lie_inside_any_caption(text: str) -> None:
    for draft in drafts(fig("fig1", f"<p>(A) {text} <bold>B</bold> {text}</p>")):
        assert all(draft.caption[panel.start : panel.end].strip() for panel in draft.panels)


@pytest.mark.data
@needs_data
def test_a_real_article_set() -> None:
    document = gzip.decompress((DATA / "eutils_responses" / "efetch_pmc.xml.gz").read_bytes())
    assert read_jats(document) == (
        JatsArticle(
            pmcid="PMC8435807",
            pmid=34527728,
            doi="10.1183/23120541.50193-2021",
            licence=Licence("CC BY-NC", "https://creativecommons.org/licenses/by-nc/4.0/"),
        ),
    )
