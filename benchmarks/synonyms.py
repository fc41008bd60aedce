"""Does a question find the same papers whichever name it uses, and what does expansion cost or gain elsewhere?

    python -m benchmarks.synonyms       reads the homes that benchmarks.quality made

Each probe is asked once with each name that its group has for certain; the first ten hits are compared with those of
the best-known name.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from benchmarks.data import CACHE, DATA, heading
from evaluation.datasets import Topics, read_beir, read_pubmedqa
from evaluation.experiment import ndcg, run_topics
from indexing.build import build_generation
from indexing.ingest import ingest
from pathlit.settings import Settings
from pathlit.wiring import HomeFolder
from retrieval.records import Query
from retrieval.search import Searcher

_FIRST = 10
_LEGS = (("lexical",), ("dense",), ("lexical", "dense"))
_PROBES = {
    "HER2": ("{} overexpression in gastric carcinoma", "prognostic value of {} in breast tumours"),
    "PD-L1": ("{} expression as a predictor of response", "{} in tumour cells and immune cells"),
    "p53": ("{} mutations and survival", "accumulation of {} in colorectal adenomas"),
    "p63": ("{} staining in poorly differentiated tumours",),
    "TTF-1": ("{} in the diagnosis of lung adenocarcinoma",),
    "Ki-67": ("{} and recurrence", "does {} predict the outcome of breast cancer?"),
    "c-KIT": ("{} mutations in stromal tumours of the stomach",),
    "smooth muscle actin": ("{} in liver fibrosis", "myofibroblasts that express {}"),
    "epithelial membrane antigen": ("{} in meningioma",),
    "E-cadherin": ("loss of {} in lobular carcinoma", "{} and invasion"),
    "p16": ("{} methylation", "{} as a marker of HPV infection in cervical lesions"),
    "BRG1": ("{} loss in undifferentiated carcinoma",),
    "INI1": ("{} in rhabdoid tumours",),
    "EGFR": ("{} mutation in lung cancer",),
    "COX-2": ("{} inhibition and polyps", "{} expression in gastric mucosa"),
    "beta-catenin": ("nuclear {} in fibromatosis",),
    "BCL2": ("{} and apoptosis in lymphoma",),
    "cyclin D1": ("{} in mantle cell lymphoma",),
    "VEGF": ("{} and microvessel density",),
    "CD10": ("{} in renal and endometrial tumours",),
    "CD31": ("{} staining to count vessels",),
    "CD56": ("{} in neuroendocrine tumours",),
    "CD138": ("{} in plasma cells",),
    "MLH1": ("{} loss in colorectal carcinoma",),
    "PSA": ("{} screening and mortality",),
    "estrogen receptor": ("{} status and tamoxifen in breast cancer",),
    "androgen receptor": ("{} in prostate carcinoma",),
    "diffuse large B-cell lymphoma": ("rituximab for {}", "prognosis of {}"),
    "gastrointestinal stromal tumor": ("imatinib in {}", "risk classification of {}"),
    "hepatocellular carcinoma": ("recurrence of {} after resection", "markers of {}"),
    "ductal carcinoma in situ": ("radiotherapy after excision of {}",),
    "non-small cell lung cancer": ("chemotherapy in {}", "surgical treatment of stage III {}"),
    "renal cell carcinoma": ("sunitinib for metastatic {}", "prognosis of {}"),
    "colorectal cancer": ("screening for {}", "aspirin and {}"),
    "acute myeloid leukemia": ("remission and FLT3 in {}",),
    "fine-needle aspiration": ("{} of thyroid nodules", "{} of the pancreas"),
    "liquid-based cytology": ("{} for cervical screening",),
    "Pap smear": ("{} and cervical cancer screening intervals",),
    "hematoxylin and eosin": ("{} staining of sentinel nodes",),
    "periodic acid-Schiff": ("{} stain for fungi",),
    "immunohistochemistry": ("{} of sentinel lymph nodes",),
}


def main() -> None:
    print(heading("One question by each name of a thing: share of the first ten hits in common"))
    pubmedqa = _place("pubmedqa", DATA / "abstracts.jsonl.gz")
    _alias_probes(pubmedqa)
    scifact = _place("scifact", DATA / "scifact" / "corpus.jsonl.gz")
    claims = read_beir(DATA / "scifact" / "queries_train.tsv.gz", DATA / "scifact" / "qrels_train.tsv")
    for name, place, topics in (
        ("SciFact train claims", scifact, claims),
        ("PubMedQA known item", pubmedqa, read_pubmedqa(DATA / "pubmedqa" / "ori_pqal.json.gz")),
    ):
        _quality(name, place.open_searcher(), topics)


def _place(name: str, corpus: Path) -> HomeFolder:
    place = HomeFolder(Settings(home=CACHE / name))
    place.make_home()
    with place.open_catalog() as catalog:
        ingest([corpus], catalog)
        build_generation(catalog, place.store, place.embeddings, place.analyzer, place.encoder)
    return place


def _alias_probes(place: HomeFolder) -> None:
    searcher = place.open_searcher()
    names = {group.name: group.names for group in place.vocabulary.groups}
    print(f"\n{sum(map(len, _PROBES.values()))} questions, {sum(len(names[name]) for name in _PROBES)} names")
    for legs in _LEGS:
        shares = {expand: list(_shares(searcher, names, legs, expand)) for expand in (False, True)}
        told = (
            f"{'on' if expand else 'off'} {statistics.mean(found):.3f}, least {min(found):.1f}"
            for expand, found in shares.items()
        )
        print(f"  {' + '.join(legs):<20} {'    '.join(told)}")


def _shares(
    searcher: Searcher, names: dict[str, tuple[str, ...]], legs: tuple[str, ...], expand: bool
) -> Iterator[float]:
    """For each question and each further name: the share of the first ten hits that the best-known name finds, too."""
    for name, questions in _PROBES.items():
        for question in questions:
            best, *others = (_first_ten(searcher, question.format(used), legs, expand) for used in names[name])
            for found in others:
                yield len(best & found) / max(len(best), 1)


def _first_ten(searcher: Searcher, text: str, legs: tuple[str, ...], expand: bool) -> set[int]:
    return {hit.article.pmid for hit in searcher.search(Query(text, _FIRST, legs=legs, expand=expand)).hits}


def _quality(name: str, searcher: Searcher, topics: Topics) -> None:
    expanded = sum(bool(searcher.search(Query(text, 1)).expansions) for text in topics.queries.values())
    print(f"\n{name}: {expanded:,} of {len(topics.queries):,} questions are expanded")
    for legs in _LEGS:
        for expand in (False, True):
            outcome = run_topics(searcher, topics, legs=legs, expand=expand)
            quality = ndcg(outcome.run, topics.qrels)
            switch = "on" if expand else "off"
            print(f"  {' + '.join(legs):<20} {switch:<4} nDCG@10 {quality:.4f}   {outcome.median_ms:5.1f} ms")


if __name__ == "__main__":
    main()
