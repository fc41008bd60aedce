"""Captions, concepts, similar images and regions on images whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.image.captions import measure_captions
from evaluation.image.labels import read_labels
from evaluation.image.regions import has_masks, measure_regions, read_masked
from evaluation.image.samples import Sample, encode_samples, stratified
from evaluation.image.similar import measure_similar
from evaluation.image.zero_shot import OVER_CAPTIONS, OVER_VOCABULARY, measure_concepts
from retrieval.errors import InputError
from tests.evaluation.image.image_sets import encoded, write_classes
from tests.retrieval.image.image_fakes import COLON, CONCEPTS, LUNG, SKIN, ColourEncoder, patch, png


def test_the_own_caption_is_ranked_among_the_distinct_ones() -> None:
    encoder = ColourEncoder()
    captions = [LUNG, COLON, SKIN]
    images = encoded([LUNG, LUNG, COLON], encoder.encode_texts([LUNG, COLON, COLON]))
    measured = measure_captions(images, encoder, captions, seen=[f" {COLON.upper()}"])
    first = measured.line("recall@1")
    assert first.value.mean == pytest.approx(2 / 3)
    assert first.chance == pytest.approx(1 / 3)
    assert measured.line("recall@1, seen captions").n == 1
    assert measured.line("recall@1, unseen captions").value.mean == 0.5


def test_a_caption_as_near_as_the_right_one_is_no_hit() -> None:
    encoder = ColourEncoder()
    images = encoded(["a b"], encoder.encode_texts(["a b"]))
    assert measure_captions(images, encoder, ["a b", "b a"]).line("recall@1").value.mean == 0.0


def test_concepts_are_told_among_the_captions_and_among_the_vocabulary() -> None:
    encoder = ColourEncoder()
    images = encoded([LUNG, COLON, "heart"], encoder.encode_texts([LUNG, LUNG, "heart"]))
    measured = measure_concepts(images, encoder, [LUNG, COLON, "heart"], CONCEPTS, read_labels())
    assert measured.line(f"accuracy {OVER_CAPTIONS}").value.mean == pytest.approx(2 / 3)
    assert measured.line(f"accuracy {OVER_VOCABULARY}").value.mean == 0.5
    assert measured.line(f"accuracy {OVER_VOCABULARY}").chance == 0.25
    assert measured.notes == (f"{OVER_VOCABULARY}, 1 images have no concept and are not judged",)
    assert sum(own.n for own in measured.reliability[OVER_CAPTIONS]) == 3


def test_an_unsure_answer_abstains() -> None:
    encoder = ColourEncoder(logit_scale=0.0)
    images = encoded([LUNG], encoder.encode_texts([LUNG]))
    measured = measure_concepts(images, encoder, [LUNG, COLON], CONCEPTS)
    assert measured.line(f"abstains {OVER_CAPTIONS}").value.mean == 1.0
    assert measured.line(f"accuracy {OVER_CAPTIONS} where it does not abstain").n == 0


def test_similar_images_are_those_of_the_class_and_never_the_image_itself() -> None:
    vectors = [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9], [0.7, 0.7]]
    measured = measure_similar(encoded(["a", "a", "b", "b", "alone"], vectors, features=vectors))
    assert measured.line("precision@1, vectors").value.mean == 1.0
    assert measured.line("precision@1, vectors").n == 4
    assert measured.line("precision@1, vectors").chance == 0.25
    assert "precision@1, features of the backbone" in measured.values
    with pytest.raises(InputError, match="shares its class"):
        measure_similar(encoded(["a", "b"], [[1, 0], [0, 1]]))


def test_regions_are_measured_beside_the_whole_image(tmp_path: Path) -> None:
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    pixels = np.full((96, 96, 3), 250, dtype=np.uint8)
    pixels[:, :48] = patch(LUNG, side=96)[:, :48]
    mask = np.zeros((96, 96), dtype=np.uint8)
    mask[:, :48] = 200
    (tmp_path / "images" / "a.png").write_bytes(png(pixels))
    Image.fromarray(mask).save(tmp_path / "masks" / "a.jpg", quality=95)
    (tmp_path / "images" / "b.png").write_bytes(b"nothing")
    Image.fromarray(mask).save(tmp_path / "masks" / "b.png")
    assert has_masks(tmp_path)
    measured, rejected = measure_regions(read_masked(tmp_path), "tissue")
    assert [image.image for image in rejected] == ["b.png"]
    assert measured.line("Dice, whole image").value.mean == pytest.approx(2 / 3, abs=0.01)
    assert measured.line("Dice, tissue").value.mean > 0.9
    assert measured.line("IoU, tissue").chance == pytest.approx(0.5, abs=0.01)
    (tmp_path / "masks" / "b.png").unlink()
    with pytest.raises(InputError, match=r"no mask for b\.png"):
        read_masked(tmp_path)


def test_images_that_cannot_be_used_are_rejected_and_named(tmp_path: Path) -> None:
    folder = write_classes(tmp_path, {"lung": LUNG}, each=2)
    (folder / "lung" / "broken.png").write_bytes(b"nothing")
    samples = [Sample(path.name, path, LUNG) for path in sorted((folder / "lung").iterdir())]
    samples.append(Sample("missing.png", folder / "missing.png", LUNG))
    found = encode_samples(samples, ColourEncoder())
    assert [sample.name for sample in found.samples] == ["0.png", "1.png"]
    assert [image.image for image in found.rejected] == ["broken.png", "missing.png"]
    assert found.vectors.shape == (2, ColourEncoder().spec.dimension)


def test_a_sample_has_each_class_alike_and_repeats_itself() -> None:
    samples = [Sample(str(n), Path(str(n)), "common" if n < 20 else "rare") for n in range(22)]
    kept = stratified(samples, 6, seed=3)
    assert [sample.caption for sample in kept].count("rare") == 2
    assert len(kept) == 6
    assert kept == stratified(samples, 6, seed=3)
