"""Half precision: fresh vectors equal kept ones, and what does not fit is refused."""

import numpy as np
import pytest

from retrieval.encoders.half import rounded
from retrieval.errors import ConfigurationError


def test_a_fresh_vector_equals_a_kept_one() -> None:
    vectors = np.asarray([[0.1, -3.14159, 1234.5]], dtype=np.float32)
    kept = rounded(vectors, "mine")
    assert kept.dtype == np.float32
    assert np.array_equal(kept, vectors.astype(np.float16))


def test_a_number_beyond_half_precision_is_refused_with_its_size() -> None:
    vectors = np.asarray([[1.0, -70_000.0]], dtype=np.float32)
    with pytest.raises(ConfigurationError, match=r"the encoder mine gave a vector with the number 7e\+04, .* 65,504"):
        rounded(vectors, "mine")


def test_what_was_no_number_before_is_left_to_the_cache_which_knows_the_article() -> None:
    assert np.isnan(rounded(np.asarray([[np.nan, 1.0]], dtype=np.float32), "mine")[0, 0])
