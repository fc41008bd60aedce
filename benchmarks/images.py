"""What image search finds, sees and stands on real images, with an adapter that never saw them.

python -m benchmarks.images        the first run encodes 28,000 abstracts, later ones keep them in .cache

Adapters are trained on one stratified half of LC25000 and measured on the other, for three partings; images that are in
several other halves count once. Captions of the atlas are measured on each half by the adapter of the other one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.data import CACHE, DATA, heading
from evaluation.image.labels import read_labels
from evaluation.image.regions import measure_regions, read_masked
from evaluation.image.report import told
from evaluation.image.results import Measured, pooled
from evaluation.image.samples import Sample
from evaluation.image.tasks import Bench, Index, Known
from indexing.build import build_generation
from indexing.ingest import ingest
from pathlit.commands.train_image_adapter import Take, image_adapter
from pathlit.settings import Settings
from pathlit.wiring import HomeFolder
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.image.search import ImageSearch
from retrieval.vocabulary.concepts import read_concepts
from training.image_pairs import ImagePair, read_pairs, split

CLASSES: Final = {
    "lung_aca": "lung adenocarcinoma",
    "lung_n": "normal lung tissue",
    "lung_scc": "lung squamous cell carcinoma",
    "colon_aca": "colon adenocarcinoma",
    "colon_n": "normal colon mucosa",
}
_SEEDS: Final = (0, 1, 2)
_DAMAGED: Final = 20
"""Images of each parting that go through the corruptions."""
_CASES: Final = 60


def main() -> None:
    print(heading("Image search"), flush=True)
    patches = DATA / "lc25000"
    benches = [_bench(patches, seed) for seed in _SEEDS]
    partings = f"LC25000, {len(benches)} partings"
    for task in ("articles", "concepts", "similar"):
        _print(pooled([bench.measure(task) for bench in benches]), f"{task}, {partings}")
    _print(benches[0].measure("composed"), "composed, LC25000, parting 0")
    _print(pooled(list(_captions(DATA / "pathology_atlas" / "captions.jsonl"))), "captions, atlas, both ways")
    measured, _ = measure_regions(read_masked(DATA / "ebhi_seg_polyp"))
    _print(measured, "regions, EBHI-Seg")
    _print(pooled([bench.measure("corruptions") for bench in benches]), f"corruptions, {partings}")


def _bench(patches: Path, seed: int) -> Bench:
    """Of the half that the adapter did not see, over an index of its own."""
    adapter = _adapter(patches, Take.HALF, seed)
    place = HomeFolder(Settings(home=CACHE / "images", image_encoder=str(adapter)))
    place.make_home()
    with place.open_catalog() as catalog:
        ingest([DATA / "abstracts.jsonl.gz"], catalog)
        report = build_generation(
            catalog,
            place.store,
            place.embeddings,
            place.analyzer,
            place.encoder,
            images=place.image_side,
            keep=len(_SEEDS),
        )
    searcher = place.open_searcher(report.generation)
    search: ImageSearch = place.image_search(searcher)
    trained, other = split(read_pairs(patches, CLASSES), seed)
    return _over(place, Index(search, searcher.reader), _samples(other), _samples(trained), seed)


def _captions(source: Path) -> Iterator[Measured]:
    first, second = map(_samples, split(read_pairs(source), 0))
    for take, trained, other in ((Take.HALF, first, second), (Take.OTHER_HALF, second, first)):
        place = HomeFolder(Settings(home=CACHE / "images", image_encoder=str(_adapter(source, take, 0))))
        yield _over(place, None, other, trained, 0).measure("captions")


def _over(
    place: HomeFolder, index: Index | None, samples: Sequence[Sample], other: Sequence[Sample], seed: int
) -> Bench:
    encoder = place.image_encoder
    if encoder is None:
        raise RuntimeError("the settings name an image encoder")
    known = Known(read_labels(), read_concepts(), place.vocabulary)
    return Bench(
        encoder, index, known, samples, other, seed=seed, most=_DAMAGED, cases=_CASES, with_features=index is not None
    )


def _adapter(source: Path, take: Take, seed: int) -> Path:
    folder = CACHE / "image-adapters" / f"{source.parent.name}-{source.stem}-{take.value}-{seed}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = [f"{name}={caption}" for name, caption in CLASSES.items()] if source.is_dir() else []
    image_adapter(
        [str(source)],
        to=folder,
        backbone="histology",
        text_encoder=DEFAULT_MODEL,
        name=names,
        take=take,
        seed=seed,
        data="for measuring only",
        force=True,
    )
    return folder


def _samples(pairs: Sequence[ImagePair]) -> list[Sample]:
    return [Sample(f"{path.parent.name}/{path.name}", path, caption) for path, caption in pairs]


def _print(measured: Measured, title: str) -> None:
    print()
    for line in told(measured, title):
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
