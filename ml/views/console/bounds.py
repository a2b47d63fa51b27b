"""The ends of every order, for questions that leave one open."""

from __future__ import annotations

from datetime import UTC, datetime

ALWAYS = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
HIGHEST = 2**31 - 1
