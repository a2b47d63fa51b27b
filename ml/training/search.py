"""Search over candidates and their parameters within a budget: optuna's TPE, or every setting if they are few."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml.domain.digests import canonical_json
from ml.domain.errors import DataError
from ml.domain.records import Json
from ml.specs.training import CandidateSpec, SearchBudget, SearchChoice

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True, slots=True)
class Setting:
    """One estimator with all parameters that a spec fixes or a search chose."""

    candidate: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


Score = Callable[[Setting], float]
"""Setting → cross-validated primary metric; raises DataError where it cannot be computed."""


@dataclass(slots=True)
class _Ledger:
    """What was tried: each setting is scored once, however often it is proposed."""

    score: Score
    higher_is_better: bool
    on_trial: Callable[[int, int], None] | None
    of: int
    trials: list[Json] = field(default_factory=list)
    known: dict[str, float | None] = field(default_factory=dict)
    best: tuple[float, Setting] | None = None
    error: DataError | None = None

    def try_out(self, setting: Setting) -> float | None:
        """Score a setting; None if it cannot be scored."""
        key = canonical_json([setting.candidate, dict(setting.parameters)])
        if key not in self.known:
            self.known[key] = self._scored(setting)
        if self.on_trial is not None:
            self.on_trial(len(self.trials), self.of)
        return self.known[key]

    def _scored(self, setting: Setting) -> float | None:
        trial = {"candidate": setting.candidate, "parameters": dict(setting.parameters)}
        try:
            score = self.score(setting)
        except DataError as error:
            self.error = error
            self.trials.append({**trial, "score": None, "error": error.message})
            return None
        self.trials.append({**trial, "score": score})
        gain = score if self.higher_is_better else -score
        if self.best is None or gain > self.best[0]:
            self.best = (gain, setting)
        return score


def search(
    candidates: Sequence[CandidateSpec],
    *,
    budget: SearchBudget,
    seed: int,
    higher_is_better: bool,
    score: Score,
    on_trial: Callable[[int, int], None] | None = None,
) -> tuple[Setting, tuple[Json, ...]]:
    """Return the best setting and all that were tried; the first one tried wins a tie.

    If the settings can be counted and fit into the budget, each is tried once. Otherwise optuna's TPE proposes, after
    every candidate had its turn; a setting proposed again costs no trial's work. Without a time limit the same rows,
    spec and seed give the same answer.

    Raises:
        DataError: not one setting could be scored.
    """
    ledger = _Ledger(score, higher_is_better, on_trial, of=budget.trials)
    countable = list(itertools.islice(_all_settings(candidates), budget.trials + 1))
    if _is_countable(candidates) and len(countable) <= budget.trials:
        ledger.of = len(countable)
        _try_all(countable, ledger, budget)
    else:
        _try_proposed(candidates, ledger, budget, seed, higher_is_better=higher_is_better)
    if ledger.best is None:
        raise ledger.error or DataError("No setting was tried.", remedy="raise training.search.max_duration.")
    return ledger.best[1], tuple(ledger.trials)


def _is_countable(candidates: Sequence[CandidateSpec]) -> bool:
    return all(isinstance(one, SearchChoice) for candidate in candidates for one in candidate.search.values())


def _all_settings(candidates: Sequence[CandidateSpec]) -> Iterator[Setting]:
    for candidate in candidates:
        choices = [one.values for one in candidate.search.values() if isinstance(one, SearchChoice)]
        for values in itertools.product(*choices):
            yield Setting(
                candidate.estimator, {**candidate.parameters, **dict(zip(candidate.search, values, strict=False))}
            )


def _deadline(budget: SearchBudget) -> float:
    return math.inf if budget.max_duration is None else time.monotonic() + budget.max_duration.total_seconds()


def _try_all(settings: Sequence[Setting], ledger: _Ledger, budget: SearchBudget) -> None:
    deadline = _deadline(budget)
    for setting in settings:
        if ledger.trials and time.monotonic() > deadline:
            return
        ledger.try_out(setting)


def _try_proposed(
    candidates: Sequence[CandidateSpec], ledger: _Ledger, budget: SearchBudget, seed: int, *, higher_is_better: bool
) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    deadline = _deadline(budget)
    study = optuna.create_study(
        direction="maximize" if higher_is_better else "minimize", sampler=optuna.samplers.TPESampler(seed=seed)
    )
    for place in range(len(candidates)):
        study.enqueue_trial({"candidate": place})
    for _ in range(budget.trials):
        if ledger.trials and time.monotonic() > deadline:
            return
        trial = study.ask()
        score = ledger.try_out(_proposed(trial, candidates))
        if score is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, score)


def _proposed(trial: optuna.Trial, candidates: Sequence[CandidateSpec]) -> Setting:
    place = trial.suggest_categorical("candidate", list(range(len(candidates)))) if len(candidates) > 1 else 0
    candidate = candidates[place]
    parameters = dict(candidate.parameters)
    for name, space in candidate.search.items():
        label = f"{place}.{name}"
        if isinstance(space, SearchChoice):
            parameters[name] = trial.suggest_categorical(label, space.values)
        elif isinstance(space.low, int) and isinstance(space.high, int):
            parameters[name] = trial.suggest_int(label, space.low, space.high, log=space.log)
        else:
            parameters[name] = trial.suggest_float(label, space.low, space.high, log=space.log)
    return Setting(candidate.estimator, parameters)
