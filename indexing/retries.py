"""How long to wait before asking a server again."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def backoff(attempt: int, chance: float, *, longest: float) -> float:
    """Seconds before the attempt after this one (from 1 up): doubling up to `longest`, less up to half of it by chance
    (0 to 1), so that many who failed together do not come back together."""
    return float(min(2.0 ** (attempt - 1), longest) * (0.5 + chance / 2))


def retry_after(header: str | None) -> float | None:
    """The Retry-After header as seconds from now; it comes as a number or as an HTTP date (RFC 9110, 10.2.3)."""
    if header is None:
        return None
    with suppress(ValueError):
        return None if math.isnan(seconds := float(header)) else max(0.0, seconds)
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    return None
