"""A site's shift is found and undone as far as the batch proves it; made-up embeddings of known shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import ConfigurationError, InputError
from retrieval.image.adaptation import FEWEST_IMAGES, SiteAdaptation, centred

Array = npt.NDArray[np.floating]

D = 32


def unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def images(n: int, *, seed: int = 0, shift: Array | float = 0.0, spread: Array | float = 0.1) -> Array:
    """Unit rows around one direction, moved by `shift`."""
    middle = np.zeros(D)
    middle[0] = 1.0
    return unit(middle + shift + np.random.default_rng(seed).normal(0, 1, (n, D)) * spread)


REFERENCE = images(4000, seed=99)
MEAN, STD, COVARIANCE = REFERENCE.mean(axis=0), REFERENCE.std(axis=0), np.cov(REFERENCE, rowvar=False)
STAIN = np.r_[np.zeros(5), 0.4, -0.3, np.zeros(D - 7)]


@pytest.mark.parametrize("spread", [None, STD, COVARIANCE], ids=["mean", "scale", "coral"])
def test_a_shifted_site_comes_back_to_the_reference(spread: Array | None) -> None:
    adaptation = SiteAdaptation.fit(images(400, shift=STAIN), MEAN, spread)
    new = images(300, seed=5, shift=STAIN)
    before, after = (np.linalg.norm(rows.mean(axis=0) - MEAN) for rows in (new, adaptation.apply(new)))
    assert after < 0.2 * before


def test_the_neighbours_of_before_the_shift_are_found_again() -> None:
    plain = images(200, seed=5)
    shifted = images(200, seed=5, shift=STAIN)
    adapted = SiteAdaptation.fit(images(400, shift=STAIN), MEAN).apply(shifted)
    assert (adapted * plain).sum(axis=1).mean() > (shifted * plain).sum(axis=1).mean() + 0.05


def test_few_images_change_less_than_many() -> None:
    shifts = [
        np.linalg.norm(SiteAdaptation.fit(images(n, shift=STAIN), MEAN).shift) for n in (FEWEST_IMAGES, 20, 80, 1000)
    ]
    assert shifts == sorted(shifts)
    assert shifts[0] < 0.4 * shifts[-1]
    assert shifts[-1] == pytest.approx(np.linalg.norm(images(1000, shift=STAIN).mean(axis=0) - MEAN), rel=0.05)


def test_a_site_that_does_not_differ_is_left_alone() -> None:
    site = images(30, seed=3)
    assert np.linalg.norm(SiteAdaptation.fit(site, MEAN).shift) < 0.25 * np.linalg.norm(site.mean(axis=0) - MEAN) + 0.01


def test_the_shift_is_the_shrunk_difference_of_means() -> None:
    rows = images(40, shift=STAIN)
    n, own = len(rows), rows.mean(axis=0)
    noise = rows.var(axis=0, ddof=1).sum() / n
    expected = (MEAN - own) * n / (n + 20) * (1 - noise / ((MEAN - own) ** 2).sum())
    assert SiteAdaptation.fit(rows, MEAN).shift == pytest.approx(expected, abs=1e-6)


def test_scale_and_coral_bring_the_spread_nearer_to_the_reference() -> None:
    wide = np.full(D, 0.1)
    wide[3] = 0.18
    site, new = images(500, spread=wide), images(500, seed=8, spread=wide)
    before = abs(new.std(axis=0)[3] - STD[3])
    for spread in (STD, COVARIANCE):
        after = SiteAdaptation.fit(site, MEAN, spread).apply(new).std(axis=0)[3]
        assert abs(after - STD[3]) < 0.4 * before


def test_coral_stays_finite_with_fewer_images_than_dimensions() -> None:
    adaptation = SiteAdaptation.fit(images(FEWEST_IMAGES, shift=STAIN), MEAN, COVARIANCE)
    assert adaptation.directions.shape[0] <= FEWEST_IMAGES // 2
    assert np.isfinite(adaptation.apply(images(5))).all()


def test_a_handful_is_refused_also_when_it_is_sent_many_times() -> None:
    few = images(FEWEST_IMAGES - 1)
    for rows in (few, np.tile(few, (20, 1)), few[:0]):
        with pytest.raises(InputError, match="too few to adapt"):
            SiteAdaptation.fit(rows, MEAN)


def test_input_that_does_not_fit_is_refused_with_its_shape() -> None:
    good = images(20)
    adaptation = SiteAdaptation.fit(good, MEAN, site="north")
    with pytest.raises(InputError, match=r"reference mean has the shape \(31,\)"):
        SiteAdaptation.fit(good, MEAN[:-1])
    with pytest.raises(InputError, match="reference spread"):
        SiteAdaptation.fit(good, MEAN, STD[:-1])
    with pytest.raises(InputError, match="reference spread"):
        SiteAdaptation.fit(good, MEAN, -STD)
    with pytest.raises(InputError, match=r"it takes rows"):
        SiteAdaptation.fit(good[0], MEAN)
    with pytest.raises(InputError, match="no number"):
        adaptation.apply(np.full((1, D), np.nan))
    with pytest.raises(InputError, match="vector 1 is zero"):
        adaptation.apply(np.stack([good[0], np.zeros(D)]))
    with pytest.raises(InputError, match="31 dimensions, the adaptation of site 'north' has 32"):
        adaptation.apply(good[:, :-1])
    with pytest.raises(InputError, match="the mean has the shape"):
        centred(good, MEAN[:-1])


@pytest.mark.parametrize("spread", [None, STD, COVARIANCE], ids=["mean", "scale", "coral"])
def test_what_was_written_is_read_and_small(tmp_path: Path, spread: Array | None) -> None:
    path = tmp_path / "north.json"
    adaptation = SiteAdaptation.fit(images(60, shift=STAIN), MEAN, spread, site="north", encoder="clip@1")
    adaptation.write(path)
    again = SiteAdaptation.read(path)
    assert (again.site, again.encoder, again.images) == ("north", "clip@1", 60)
    assert again.apply(REFERENCE[:50]) == pytest.approx(adaptation.apply(REFERENCE[:50]), abs=1e-6)
    assert path.stat().st_size < 100_000
    assert [file.name for file in tmp_path.iterdir()] == ["north.json"]


def test_a_file_that_is_no_adaptation_is_named(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    with pytest.raises(ConfigurationError, match=r"site\.json cannot be read"):
        SiteAdaptation.read(path)
    SiteAdaptation.fit(images(20), MEAN).write(path)
    whole = path.read_bytes()
    for damaged in (b"", b"{}", whole[:-9], b"\xff" + whole, whole.replace(b'"images":20', b'"images":"x"')):
        path.write_bytes(damaged)
        with pytest.raises(ConfigurationError, match=r"site\.json is none"):
            SiteAdaptation.read(path)
    for inconsistent in (whole.replace(b'"mean":[', b'"mean":[0.5,'), whole.replace(b'"format":1', b'"format":2')):
        path.write_bytes(inconsistent)
        with pytest.raises(ConfigurationError, match="do not fit together"):
            SiteAdaptation.read(path)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        SiteAdaptation.fit(images(20), MEAN).write(tmp_path / "nowhere" / "site.json")


def test_centring_closes_the_gap_between_modalities() -> None:
    gap = np.r_[np.zeros(10), 2.0, np.zeros(D - 11)]
    pictures, texts = images(100, seed=1, spread=0.3), images(100, seed=1, spread=0.3, shift=gap)
    apart = (pictures * texts).sum(axis=1).mean()
    together = (centred(pictures, pictures.mean(axis=0)) * centred(texts, texts.mean(axis=0))).sum(axis=1).mean()
    assert together > apart + 0.2


def test_centring_subtracts_and_keeps_a_row_that_is_the_mean() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert centred(rows, np.array([0.0, 0.0])) == pytest.approx(rows)
    assert centred(rows, np.array([1.0, 0.0])) == pytest.approx(np.array([[1.0, 0.0], [-(0.5**0.5), 0.5**0.5]]))


@settings(max_examples=40, deadline=None)
@given(st.integers(FEWEST_IMAGES, 60), st.integers(0, 1000), st.sampled_from([None, STD, COVARIANCE]))
def test_rows_come_out_finite_of_length_one(n: int, seed: int, spread: Array | None) -> None:
    rows = images(n, seed=seed, shift=STAIN, spread=0.5)
    made = SiteAdaptation.fit(rows, MEAN, spread).apply(rows * 3)
    assert made.shape == rows.shape
    assert made.dtype == np.float32
    assert np.linalg.norm(made, axis=1) == pytest.approx(np.ones(n), abs=1e-5)
