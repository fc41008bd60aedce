"""The real data that tests read where it is at hand."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("PATHLIT_DATA", Path(__file__).parents[2] / "shared" / "data"))

needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"needs the real data: set PATHLIT_DATA ({DATA} is no folder)"
)
