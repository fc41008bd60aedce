"""Single fields of a citation and the traps in them, each in a record that has nothing else."""

from __future__ import annotations

import io

import pytest

from indexing.pubmed.reader import read_pubmed_xml
from retrieval.records import Article, Author, Correction, Journal, Section, Term

MATH = "http://www.w3.org/1998/Math/MathML"

TITLES = {
    "Plain text.": "Plain text.",
    "  Spread \n over\tlines\u2009and\u00a0odd spaces. ": "Spread over lines and odd spaces.",
    "<i>BRCA1</i> and <b><i>TP53</i></b>": "BRCA1 and TP53",
    "H<sub>2</sub>O, 10<sup>6</sup>, Ca<sup>2+</sup>": "H₂O, 10⁶, Ca²⁺",
    "10<sup>-3</sup> and 10<sup>−3</sup>": "10⁻³ and 10⁻³",
    "C<sub>max</sub>, the 1<sup>st</sup>": "Cₘₐₓ, the 1ˢᵗ",
    "PM<sub>2.5</sub> and OGG1<sup>-/-</sup> mice": "PM_(2.5) and OGG1^(-/-) mice",
    "T<sub>Q5 vs Q1</sub>": "T_(Q5 vs Q1)",
    "TALEN<sup>®</sup>, 37<sup>°</sup>C": "TALEN®, 37°C",
    "x<sup>2 </sup>y": "x² y",
    "a<sup/>b": "ab",
    "<sup><i>n</i></sup>": "ⁿ",
    "p <math><mi>x</mi></math> q": "p x q",
    f'<m:math xmlns:m="{MATH}"> <m:msup> <m:mi>X</m:mi> <m:mn>2</m:mn></m:msup> </m:math> = 9': "X² = 9",
    f'<m:math xmlns:m="{MATH}"><m:msubsup><m:mi>η</m:mi><m:mi>p</m:mi><m:mn>2</m:mn></m:msubsup>'
    "<m:mo>=</m:mo><m:mn>0.2</m:mn></m:math>": "ηₚ²=0.2",
    f'<m:math xmlns:m="{MATH}"><m:mfrac><m:mn>1</m:mn><m:mn>3</m:mn></m:mfrac></m:math>': "1/3",
    f'<m:math xmlns:m="{MATH}"><m:mover><m:mi>V</m:mi><m:mo>.</m:mo></m:mover><m:mtext> of </m:mtext></m:math>air': (
        "V. of air"
    ),
    "one <!-- a comment --> word": "one word",
    "un<!-- a comment -->broken": "unbroken",
    "un<?an instruction?>broken": "unbroken",
    "<i>un<?an instruction?>bro</i>ken": "unbroken",
    "<![CDATA[p < 0.05]]> &amp; more": "p < 0.05 & more",
}


@pytest.mark.parametrize(("xml", "title"), TITLES.items())
def test_all_text_of_a_title_is_kept_as_one_line(xml: str, title: str) -> None:
    assert _article(f"<ArticleTitle>{xml}</ArticleTitle>").title == title


BRACKETS = {
    "[Vaccines are drugs].": ("Vaccines are drugs.", True),
    "[Vaccines are drugs.]": ("Vaccines are drugs.", True),
    "[Vaccines are drugs.].": ("Vaccines are drugs.", True),
    "[Vaccines are drugs]": ("Vaccines are drugs", True),
    "[Are vaccines drugs?]": ("Are vaccines drugs?", True),
    "[Are vaccines drugs?].": ("Are vaccines drugs?", True),
    "[Uptake of [18F]FDG].": ("Uptake of [18F]FDG.", True),
    "[18F]FDG uptake in [lymphoma].": ("[18F]FDG uptake in [lymphoma].", False),
    "[18F]FDG uptake.": ("[18F]FDG uptake.", False),
    "A new method [Retraction].": ("A new method [Retraction].", False),
    "[Unbalanced [brackets].": ("[Unbalanced [brackets].", False),
    "[Unbalanced] brackets].": ("[Unbalanced] brackets].", False),
    "[<i>Helicobacter</i>\n pylori].": ("Helicobacter pylori.", True),
}


@pytest.mark.parametrize(("xml", "title", "translated"), [(x, t, f) for x, (t, f) in BRACKETS.items()])
def test_brackets_around_a_whole_title_mark_a_translation(xml: str, title: str, translated: bool) -> None:
    article = _article(f"<ArticleTitle>{xml}</ArticleTitle>")
    assert (article.title, article.title_translated) == (title, translated)


def test_a_title_that_nobody_translated_is_the_articles_own() -> None:
    xml = "<ArticleTitle>[Not Available].</ArticleTitle><VernacularTitle>Sur une tumeur.</VernacularTitle>"
    article = _article(xml)
    assert (article.title, article.title_translated) == ("Sur une tumeur.", False)


def test_a_title_without_abstract_is_an_article() -> None:
    xml = "<ArticleTitle>Retraction notice.</ArticleTitle><Abstract/>"
    assert _article(xml) == Article(pmid=900000001, title="Retraction notice.")


def test_parts_of_an_abstract_without_text_are_left_out() -> None:
    xml = '<Abstract><AbstractText Label="AIM"/><AbstractText Label=" AIM "> a </AbstractText></Abstract>'
    assert _article(xml).sections == (Section("a", "AIM"),)


ORCIDS = {
    "0000-0002-1825-0097": "0000-0002-1825-0097",
    "0000000218250097": "0000-0002-1825-0097",
    "https://orcid.org/0000-0002-1825-0097": "0000-0002-1825-0097",
    "http://orcid.org/0000-0002-1825-0097/": "0000-0002-1825-0097",
    "orcid.org/0000 0002 1694 233x": "0000-0002-1694-233X",
    "0000‐0002‐1694‐233X": "0000-0002-1694-233X",
    "0000-0002-1825-00": "",
    "0000-0002-1825-00971": "",
    "000X-0002-1825-0097": "",
    "": "",
}


@pytest.mark.parametrize(("spelled", "orcid"), ORCIDS.items())
def test_an_orcid_has_one_spelling_or_is_dropped(spelled: str, orcid: str) -> None:
    author = f'<Author><LastName>A</LastName><Identifier Source="ORCID">{spelled}</Identifier></Author>'
    assert _article(f"<AuthorList>{author}</AuthorList>").authors == (Author(last_name="A", orcid=orcid),)


def test_a_person_without_any_name_is_nobody() -> None:
    assert _article("<AuthorList><Author><Initials>A</Initials></Author></AuthorList>").authors == ()


def test_every_kind_of_correction_is_kept_and_cited_papers_are_references() -> None:
    kinds = """AssociatedDataset AssociatedPublication CommentIn CommentOn CorrectedandRepublishedIn
        CorrectedandRepublishedFrom ErratumIn ErratumFor ExpressionOfConcernIn ExpressionOfConcernFor RepublishedIn
        RepublishedFrom RetractedandRepublishedIn RetractedandRepublishedFrom RetractionIn RetractionOf UpdateIn
        UpdateOf SummaryForPatientsIn OriginalReportIn ReprintIn ReprintOf""".split()
    entry = '<CommentsCorrections RefType="{}"><RefSource>S</RefSource><PMID>{}</PMID></CommentsCorrections>'
    entries = "".join(entry.format(kind, 900000002) for kind in kinds) + entry.format("Cites", 900000003)
    article = _article("", citation=f"<CommentsCorrectionsList>{entries}</CommentsCorrectionsList>")
    assert article.corrections == tuple(Correction(kind, 900000002, "S") for kind in kinds)
    assert article.references == (900000003,)


REFERENCES = {
    "900000005": (900000005,),
    "9000<!-- -->00005": (900000005,),
    "9000<?p?>00005": (900000005,),
    "0": (),
    "x": (),
    "": (),
    "9" * 5000: (),
}


@pytest.mark.parametrize(("pmid", "references"), REFERENCES.items())
def test_a_reference_is_a_number_or_nothing(pmid: str, references: tuple[int, ...]) -> None:
    ids = f'<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId></ArticleIdList>'
    data = f"<ReferenceList><Reference>{ids * 2}</Reference></ReferenceList>"
    assert _article("", data=data).references == references


PMCIDS = {
    '<ArticleId IdType="pmc">PMC123</ArticleId>': "PMC123",
    '<ArticleId IdType="pmc">PMC123.2</ArticleId>': "PMC123.2",
    '<ArticleId IdType="pmc"> pmc123 </ArticleId>': "PMC123",
    '<ArticleId IdType="pmcid">pmc-id: PMC123;manuscript-id: NIHMS9</ArticleId>': "PMC123",
    '<ArticleId IdType="pmcid">123</ArticleId>': "PMC123",
    '<ArticleId IdType="pmcpid">123</ArticleId>': "",
    '<ArticleId IdType="mid">NIHMS9</ArticleId>': "",
}


@pytest.mark.parametrize(("ids", "pmcid"), PMCIDS.items())
def test_pmcid(ids: str, pmcid: str) -> None:
    assert _article("", data=f"<ArticleIdList>{ids}</ArticleIdList>").pmcid == pmcid


def test_doi_and_pii_fall_back_to_the_list_of_pubmed_data() -> None:
    refused = '<ELocationID EIdType="doi" ValidYN="N">10.9999/no</ELocationID>'
    ids = '<ArticleId IdType="doi">10.9999/yes</ArticleId><ArticleId IdType="pii">e12</ArticleId>'
    article = _article(refused, data=f"<ArticleIdList>{ids}</ArticleIdList>")
    assert (article.doi, article.pii) == ("10.9999/yes", "e12")


PAGES = {
    "<MedlinePgn>12-9</MedlinePgn>": "12-9",
    "<StartPage>12</StartPage><EndPage>19</EndPage>": "12-19",
    "<StartPage>e12</StartPage>": "e12",
    "<MedlinePgn/>": "",
}


@pytest.mark.parametrize(("xml", "pages"), PAGES.items())
def test_pages(xml: str, pages: str) -> None:
    assert _article(f"<Pagination>{xml}</Pagination>").pages == pages


def test_the_first_online_date_with_a_year_counts() -> None:
    xml = "<ArticleDate/><ArticleDate><Year>2020</Year></ArticleDate><ArticleDate><Year>2021</Year></ArticleDate>"
    date = _article(xml).published_online
    assert date is not None
    assert date.sortable == "2020-01-01"


def test_a_date_that_makes_no_sense_is_no_reason_to_lose_the_article() -> None:
    issue = "<JournalIssue><PubDate><Year>soon</Year></PubDate></JournalIssue>"
    article = _article(f"<ArticleTitle>A</ArticleTitle><Journal>{issue}</Journal>", citation="<DateRevised/>")
    assert article == Article(pmid=900000001, title="A")


def test_a_journal_is_known_by_what_the_record_has_of_it() -> None:
    journal = "<Journal><Title>T</Title><ISOAbbreviation>T.</ISOAbbreviation></Journal>"
    info = "<MedlineJournalInfo><ISSNLinking>1111-2222</ISSNLinking></MedlineJournalInfo>"
    assert _article(journal, citation=info).journal == Journal(title="T", abbreviation="T.", issn="1111-2222")


def test_publication_types_before_they_had_identifiers() -> None:
    xml = "<PublicationTypeList><PublicationType>Letter</PublicationType></PublicationTypeList>"
    assert _article(xml).publication_types == (Term("Letter"),)


def _article(article: str, citation: str = "", data: str = "") -> Article:
    medline = f"<MedlineCitation><PMID>900000001</PMID><Article>{article}</Article>{citation}</MedlineCitation>"
    record = f"<PubmedArticle>{medline}<PubmedData>{data}</PubmedData></PubmedArticle>"
    (read,) = read_pubmed_xml(io.BytesIO(f"<PubmedArticleSet>{record}</PubmedArticleSet>".encode()))
    assert isinstance(read, Article)
    return read
