"""What a replay plays in: a model's past, and what its models would have done there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ml.domain.records import GateResult, Observation
from ml.domain.windows import Window
from ml.policies.facts import Need


@dataclass(frozen=True, slots=True)
class Step:
    """One batch that arrived: what was known of it, and whose labels came with it.

    ``labelled`` are (place, rows): the labelled rows of the batch at that place in the sequence, as known from this
    step on. ``quarantined`` is the share of rows that validation took out.
    """

    window: Window
    rows: int
    quarantined: float
    labelled: tuple[tuple[int, int], ...]

    @property
    def as_of(self) -> datetime:
        """When the batch was decided on."""
        return self.window.end


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenger that was trained at some step, and how production's gate judged it.

    ``challenger`` and ``serving`` are keys of fitted estimators: as judged, and as it would serve (fitted once more on
    all rows if the gate let it pass). ``window`` is the training window that was chosen among ``windows`` (JSON), of
    which the shortest held ``fewest_rows`` rows. The versions' numbers in ``gate`` are the player's to fill in.
    ``held_out`` is where the rows came from that it was judged on, ``shadowed`` where those came from on which it was
    compared while it was held in the shadow, None if it was not. ``best`` is the key of the best champion so far should
    this one go live, and ``best_seen_until`` what that one had seen.
    """

    challenger: str
    serving: str
    trained_from: datetime
    trained_until: datetime
    refit_until: datetime | None
    windows: int
    seconds: float
    gate: GateResult
    held_out: tuple[datetime, datetime] | None = None
    best: str = ""
    best_seen_until: datetime | None = None
    window: str = '{"kind": "all"}'
    fewest_rows: int = 0
    shadowed: tuple[datetime, datetime] | None = None

    @property
    def seen_until(self) -> datetime:
        """Exclusive end of all rows that the serving estimator was fitted on."""
        return self.refit_until or self.trained_until


@dataclass(frozen=True, slots=True)
class Stand:
    """Whether a challenger in the shadow stands beside the champion; ``compared`` is False where no row could tell."""

    passed: bool
    compared: bool


class World(Protocol):
    """A model's past with the matrix of its possible trainings. Every answer is that of production's own code."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The batches in the order of time."""

    def metric(self, key: str, place: int, step: int) -> float | None:
        """Return the primary metric of an estimator on the batch at ``place``, on the labels that came with ``step``.

        None if it is not defined on them.
        """

    def drift(self, champion: Challenge, step: int, needs: frozenset[Need]) -> Iterable[Observation]:
        """Return the drift observations of one batch against the champion's training rows, as far as needed."""

    def challenge(
        self, step: int, champion: Challenge | None, least_gain: float | None, earlier: Sequence[Challenge]
    ) -> Challenge | None:
        """Train and judge a challenger after a step; None if it could not be trained then.

        ``earlier`` are all challengers that were judged before.
        """

    def surely_worse(self, champion: Challenge, beaten: Challenge, places: Sequence[int], step: int) -> bool:
        """Tell whether a new champion is surely worse than the one that it beat, by the labels known after ``step``.

        ``places`` are the batches to compare on.
        """

    def stands(self, challenger: Challenge, champion: Challenge, places: Sequence[int], step: int) -> Stand:
        """Compare a challenger in the shadow with the champion, by the labels known after ``step``.

        ``places`` are the batches to compare on; there may be none.
        """
