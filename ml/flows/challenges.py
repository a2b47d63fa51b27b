"""The challenges of a replay as they are kept: whom a challenger meets, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ml.domain.findings import Finding, Outcome, Severity
from ml.domain.records import GateResult
from ml.evaluation import Judgement
from ml.flows.exhibits import Span
from ml.flows.recipe import Recipe
from ml.policies.replay import Challenge
from ml.specs.training import FixedWindow, window_from, window_json
from ml.training import Split, TrainingSet

Json = Mapping[str, Any]


class Opponent(NamedTuple):
    """All that the verdict on a challenger depends on beside its own rows.

    ``serving`` and ``best`` are the keys of the champion and of the best one so far, empty if there is none;
    ``earlier`` where the rows came from on which earlier challengers were compared, held out or in the shadow, as far
    as they can be among these.
    ``window`` is the training window of the champion, which is preferred.
    """

    serving: str
    seen_until: datetime | None
    best: str
    best_seen_until: datetime | None
    earlier: tuple[Span, ...]
    window: FixedWindow | None

    def has_a_better_one(self, held_out_from: datetime) -> bool:
        """Tell whether the best champion so far is another than the present one, and has not seen the held-out rows."""
        seen = self.best_seen_until
        return self.best not in ("", self.serving) and seen is not None and seen <= held_out_from

    def to_json(self) -> list[Any]:
        """Write it, for keys."""
        spans = [[start.isoformat(), end.isoformat()] for start, end in self.earlier]
        window = None if self.window is None else window_json(self.window)
        return [self.serving, _written(self.seen_until), self.best, _written(self.best_seen_until), spans, window]


def opponent_of(champion: Challenge | None, earlier: Sequence[Challenge]) -> Opponent:
    """Return what a challenger meets. Rows that the champion has seen are never held out again."""
    seen = None if champion is None else champion.seen_until
    spans = [span for one in earlier for span in (one.held_out, one.shadowed) if span is not None]
    among = tuple(span for span in spans if seen is None or span[1] > seen)
    if champion is None:
        return Opponent("", None, "", None, among, None)
    window = _window_of(champion.window)
    return Opponent(champion.serving, seen, champion.best, champion.best_seen_until, among, window)


@lru_cache(maxsize=64)
def _window_of(written: str) -> FixedWindow:
    return window_from(json.loads(written))


def held_out_of(split: Split) -> Span:
    """Return where the held-out rows of a split come from, as a version's manifest says it."""
    return split.holdout_from, max(batch.end for batch in split.batches)


def document_of(
    split: Split,
    chosen: TrainingSet,
    *,
    recipe: Recipe,
    refitted: Recipe | None,
    judgement: Judgement,
    tried: Sequence[TrainingSet],
    seconds: float,
    time_column: str,
    opponent: Opponent,
) -> Json:
    """Write a challenge."""
    first = chosen.rows[time_column].iloc[0].to_pydatetime()
    start, until = held_out_of(split)
    serving = refitted or recipe
    seen_until = until if refitted is not None else split.trained_until
    kept = opponent.has_a_better_one(split.holdout_from)
    rival = (opponent.best, opponent.best_seen_until) if kept else (opponent.serving, opponent.seen_until)
    best, best_seen_until = (serving.key, seen_until) if judgement.leads else rival
    return {
        "challenger": asdict(recipe),
        "serving": asdict(serving),
        "trained_from": first.isoformat(),
        "trained_until": split.trained_until.isoformat(),
        "refit_until": None if refitted is None else until.isoformat(),
        "held_out": [start.isoformat(), until.isoformat()],
        "best": best,
        "best_seen_until": _written(best_seen_until),
        "window": json.dumps(window_json(chosen.window), sort_keys=True),
        "windows": len(tried),
        "fewest_rows": min(len(one.rows) for one in tried),
        "seconds": seconds,
        "gate": {
            "passed": judgement.passed,
            "sentence": judgement.sentence,
            "metrics": judgement.metrics,
            "difference": judgement.difference,
            "interval": judgement.interval,
            "rows": len(split.holdout),
            "findings": [[one.code, one.outcome.value] for one in judgement.findings],
        },
    }


def challenge_of(document: Json, *, model: str, as_of: datetime) -> Challenge:
    """Read a challenge; the versions' numbers are the player's to fill in."""
    gate, until, held_out = document["gate"], document["refit_until"], document["held_out"]
    return Challenge(
        challenger=document["challenger"]["key"],
        serving=document["serving"]["key"],
        trained_from=datetime.fromisoformat(document["trained_from"]),
        trained_until=datetime.fromisoformat(document["trained_until"]),
        refit_until=_read(until),
        window=document["window"],
        windows=document["windows"],
        fewest_rows=document["fewest_rows"],
        seconds=document["seconds"],
        gate=GateResult(
            model=model,
            challenger=0,
            champion=None,
            as_of=as_of,
            passed=gate["passed"],
            sentence=gate["sentence"],
            metrics=gate["metrics"],
            difference=gate["difference"],
            interval=None if gate["interval"] is None else (gate["interval"][0], gate["interval"][1]),
            rows=gate["rows"],
            rows_sha256="",
            refitted=until is not None,
            generation=0,
            findings=tuple(seen_finding(code, outcome) for code, outcome in gate["findings"]),
        ),
        held_out=(datetime.fromisoformat(held_out[0]), datetime.fromisoformat(held_out[1])),
        best=document["best"],
        best_seen_until=_read(document["best_seen_until"]),
    )


@lru_cache(maxsize=256)
def seen_finding(code: str, outcome: str) -> Finding:
    """Return what a policy sees of a check."""
    return Finding(code, Severity.ERROR, "", "", "", "", Outcome(outcome))


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
