"""Images and captions: read from lists and folders, parted in halves, measured on any number of cores."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from retrieval.encoders.image.backbones import HistologyBackbone
from retrieval.errors import InputError, RecordError
from retrieval.image.picture import Pixels
from tests.retrieval.image.test_gate import tissue
from training import image_pairs
from training.image_pairs import Example, ImagePair, Rejected, measure, read_pairs, split


def write_images(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")


def write_lines(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return path


def pairs_of(caption: str, count: int) -> list[ImagePair]:
    return [ImagePair(Path(caption) / f"{n}.png", caption) for n in range(count)]


class Brightness:
    """A backbone that is no histology: it is given all images that can be used, together."""

    id = "brightness@1"
    licence = "MIT"

    def features(self, images: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        return np.array([[image.mean(), image.std()] for image in images], dtype=np.float32)


def test_reading_pairs_needs_no_torch() -> None:
    asked = "import sys, training.image_pairs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


def test_classes_have_the_names_of_their_folders_unless_they_are_given_others(tmp_path: Path) -> None:
    write_images(tmp_path / "lung_n", "b.PNG", "a.jpeg", ".hidden.png", "notes.txt")
    write_images(tmp_path / "colon_n", "c.tif")
    (tmp_path / "empty").mkdir()
    assert read_pairs(tmp_path, {"colon_n": "normal  colon"}) == [
        ImagePair(tmp_path / "colon_n" / "c.tif", "normal colon"),
        ImagePair(tmp_path / "lung_n" / "a.jpeg", "lung n"),
        ImagePair(tmp_path / "lung_n" / "b.PNG", "lung n"),
    ]


def test_images_of_a_list_lie_beside_it_or_in_images(tmp_path: Path) -> None:
    write_images(tmp_path / "images", "a.png", "b.png")
    write_images(tmp_path, "b.png")
    lines = write_lines(
        tmp_path / "list.jsonl",
        {"image": "a.png", "caption": " lung\n cancer ", "organ": ["lung"]},
        "",
        {"image": "b.png", "caption": "colon"},
        {"image": "absent.png", "caption": "colon"},
    )
    assert read_pairs(str(lines)) == [
        ImagePair(tmp_path / "images" / "a.png", "lung cancer"),
        ImagePair(tmp_path / "b.png", "colon"),
        ImagePair(tmp_path / "absent.png", "colon"),
    ]


@pytest.mark.parametrize("line", ["{", "[" * 9_999, '{"image": "a.png"}', '{"image": "a.png", "caption": " "}', "\xff"])
def test_a_line_that_cannot_be_used_is_named_and_the_rest_is_kept(tmp_path: Path, line: str) -> None:
    lines = write_lines(tmp_path / "list.jsonl", line, {"image": "b.png", "caption": "colon"})
    lines.write_bytes(lines.read_text().encode("latin-1"))
    with pytest.raises(RecordError, match="at line 1"):
        read_pairs(lines)
    rejected: list[Rejected] = []
    assert read_pairs(lines, on_reject=rejected.append) == [ImagePair(tmp_path / "b.png", "colon")]
    assert [one.image for one in rejected] == [f"{lines}, at line 1"]


def test_what_holds_no_pairs_is_told_with_what_would(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        read_pairs(tmp_path / "absent")
    with pytest.raises(InputError, match="no folders with images; make one for each class"):
        read_pairs(tmp_path)
    with pytest.raises(InputError, match="holds no images; each line should be"):
        read_pairs(write_lines(tmp_path / "list.jsonl"))


def test_halves_are_disjoint_and_complete_and_have_half_of_each_caption() -> None:
    pairs = [*pairs_of("lung", 11), *pairs_of("colon", 6), *pairs_of("skin", 1)]
    half, other = split(pairs, 0)
    assert sorted([*half, *other]) == sorted(pairs)
    assert not set(half) & set(other)
    counts = Counter(pair.caption for pair in half)
    assert counts["colon"] == 3
    assert counts["lung"] in {5, 6}
    assert half == [pair for pair in pairs if pair in half]


def test_halves_depend_on_file_names_and_seed_and_on_nothing_else() -> None:
    pairs = [*pairs_of("lung", 20), *pairs_of("colon", 20)]
    half = split(pairs, 0)[0]
    assert set(split(pairs[::-1], 0)[0]) == set(half)
    elsewhere = [ImagePair("elsewhere" / path, caption) for path, caption in pairs]
    assert {path.relative_to("elsewhere") for path, _ in split(elsewhere, 0)[0]} == {path for path, _ in half}
    assert set(split(pairs, 1)[0]) != set(half)
    assert split([], 0) == ([], [])


def test_captions_that_are_there_once_go_to_either_half() -> None:
    half, other = split([pair for n in range(60) for pair in pairs_of(f"caption {n}", 1)], 0)
    assert min(len(half), len(other)) > 15


def test_an_image_with_two_captions_is_in_one_half() -> None:
    pairs = [*pairs_of("lung", 20), *(ImagePair(path, "cancer") for path, _ in pairs_of("lung", 20))]
    half, other = split(pairs, 0)
    assert not {path for path, _ in half} & {path for path, _ in other}
    assert len(half) + len(other) == 40


def test_every_image_is_measured_or_rejected_with_the_reason(tmp_path: Path) -> None:
    Image.fromarray(tissue(64, 64)).save(tmp_path / "tissue.png")
    (tmp_path / "text.png").write_text("no image")
    Image.new("RGB", (64, 64), "white").save(tmp_path / "blank.png")
    names = ("tissue.png", "text.png", "blank.png", "absent.png", "\0")
    examples = [*(Example(name, tmp_path / name, name) for name in names), Example("drawn", tissue(64, 64), "drawn")]
    heard: list[int] = []
    measured = measure(examples, HistologyBackbone(), workers=1, hear=heard.append)
    assert measured.captions == ["tissue.png", "drawn"]
    assert np.array_equal(measured.features[0], measured.features[1])
    assert heard == [1, 2, 3, 4, 5, 6]
    reasons = dict(measured.rejected)
    assert "no image in a known format" in reasons["text.png"]
    assert "send a region with tissue" in reasons["blank.png"]
    assert "No such file" in reasons["absent.png"]
    assert "null byte" in reasons["\0"]


def test_other_backbones_see_images_together_and_in_order() -> None:
    drawn = [tissue(64, 64, seed=seed) for seed in range(70)]
    drawn[3] = np.full((64, 64, 3), 255, dtype=np.uint8)
    measured = measure((Example(str(n), image, str(n)) for n, image in enumerate(drawn)), Brightness(), workers=1)
    assert measured.captions == [str(n) for n in range(70) if n != 3]
    assert np.array_equal(measured.features, Brightness().features([*drawn[:3], *drawn[4:]]))


def test_nothing_to_measure_is_no_features() -> None:
    assert measure([], Brightness(), workers=1).captions == []


def test_several_cores_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_pairs, "_FEWEST", 1)
    examples = [Example(str(n), tissue(48, 48, seed=n), str(n)) for n in range(5)]
    examples.insert(2, Example("blank", np.full((48, 48, 3), 255, dtype=np.uint8), "blank"))
    one, two = (measure(examples, HistologyBackbone(), workers=workers) for workers in (1, 2))
    assert np.array_equal(one.features, two.features)
    assert one[1:] == two[1:]
