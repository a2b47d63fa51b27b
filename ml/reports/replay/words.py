"""What a replay says, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ml.policies.replay import Comparison, Outcome, Tuned
from ml.reports.tables import moment
from ml.specs.policy import PolicySpec

NOTHING = "–"
_SHOWN_MOMENTS = 6
_INSTEAD = "never"
_MINUTE, _HOUR = 60, 3600
_USUAL = 3


def comparison_text(comparison: Comparison) -> str:
    """Say what was played, what to use and how sure that is, and what was best in hindsight; a line a fact."""
    lines = [
        played(comparison),
        prices(comparison),
        "",
        comparison.advice.sentence,
        *([sureness(comparison)] if sureness(comparison) else []),
        hindsight(comparison),
        front_words(comparison),
    ]
    return "\n".join(line for line in lines) + "\n"


def next_step(comparison: Comparison) -> str:
    """Say what to do now, in a sentence."""
    advice, model = comparison.advice, comparison.setting.model
    if advice.change:
        return f"to use {advice.policy}, paste its YAML over `policy:` in the spec of {model}."
    return f"nothing: leave the policy of {model} as it is, and replay again when more batches have come."


def played(comparison: Comparison) -> str:
    """Say which batches were played, and which of them count."""
    windows, first = comparison.windows, comparison.first
    span = f"{len(windows)} batches from {moment(windows[0].start)} to {moment(windows[-1].end)}"
    count = len(windows) - first
    if not count:
        return f"{span}; no policy ever had a champion in them."
    return f"{span}; costs count from {moment(windows[first].start)} on ({count} batches), when all had a champion."


def prices(comparison: Comparison) -> str:
    """Say what things cost."""
    found = comparison.prices
    hourly = f" and {amount(found.per_hour)} an hour" if found.per_hour else ""
    return (
        f"Costs: {amount(comparison.error)} a unit of loss and row, {amount(found.training)} a retraining{hourly}, "
        f"{found.look:.0%} of that for every window that is only looked at."
    )


def sureness(comparison: Comparison) -> str:
    """Say how sure the advice is, empty where nothing was compared."""
    advice = comparison.advice
    if advice.interval == (0.0, 0.0) and not advice.confidence:
        return ""
    return (
        f"How sure: on the later batches, drawn again and again in blocks, the best of the finalists "
        f"({', '.join(advice.finalists)}) was cheaper than {comparison.present} in {advice.confidence:.0%} of them."
    )


def hindsight(comparison: Comparison) -> str:
    """Say what the best sequence of retrainings was, had one known the future."""
    best = comparison.best
    if best is None:
        return "The best choice in hindsight is not known."
    after = [moment(comparison.windows[place].end) for place, _ in best.switches]
    more = len(after) - _SHOWN_MOMENTS
    shown = ", ".join(after[:_SHOWN_MOMENTS]) + (f" and {more} more" if more > 0 else "")
    count = "no retraining" if not after else f"{_times(len(after), 'retraining')} ({shown})"
    return (
        f"In hindsight the cheapest was {count}: {amount(best.cost)} in all, {amount(best.errors)} of it for errors. "
        "Regret is the cost over that; nobody who does not know the future comes to 0 %."
    )


def front_words(comparison: Comparison) -> str:
    """Say which policies no other beats in both errors and cost of retraining."""
    return f"No other policy has both fewer errors and cheaper trainings than these: {', '.join(comparison.front)}."


def chosen(comparison: Comparison) -> Outcome:
    """Return the outcome of the recommended policy."""
    return outcome_of(comparison, comparison.advice.policy)


def outcome_of(comparison: Comparison, name: str) -> Outcome:
    """Return the outcome of one policy."""
    return next(one for one in comparison.outcomes if one.name == name)


def followed(comparison: Comparison) -> tuple[Outcome, ...]:
    """Return the policies whose story is shown batch by batch: present, recommended (else the cheapest), never."""
    advised = comparison.advice.policy
    other = comparison.outcomes[0].name if advised == comparison.present else advised
    names = dict.fromkeys((comparison.present, other, _INSTEAD))
    return tuple(outcome_of(comparison, name) for name in names)


def roles(comparison: Comparison, name: str) -> tuple[str, ...]:
    """Say what a policy is: in use, recommended, both or neither."""
    found = ("in use",) if name == comparison.present else ()
    return (*found, "recommended") if name == comparison.advice.policy else found


def named(comparison: Comparison, name: str) -> str:
    """Write a policy's name with what it is."""
    said = roles(comparison, name)
    return f"{name} ({', '.join(said)})" if said else name


def policy_yaml(policy: Mapping[str, Any]) -> str:
    """Write a policy as it stands in a spec, defaults left out."""
    import yaml

    lean = PolicySpec.model_validate(policy).model_dump(mode="json", exclude_defaults=True)
    shown = {"when": dict(policy)["when"], **lean}
    return yaml.safe_dump({"policy": _without_nothing(shown, top=True)}, sort_keys=False, default_flow_style=None)


def _without_nothing(value: Any, *, top: bool = False) -> Any:
    """Leave out what is null; at the top it means something (``back_off: null``)."""
    if isinstance(value, Mapping):
        return {key: _without_nothing(part) for key, part in value.items() if part is not None or top}
    return [_without_nothing(part) for part in value] if isinstance(value, list) else value


def amount(value: float) -> str:
    """Write a cost with as many digits as one looks at: 0.0962, 6.72, 117.9, 3,548."""
    large = abs(value) >= 1000  # noqa: PLR2004
    return _minus(f"{value:,.0f}" if large else f"{value:.4g}")


def signed(value: float) -> str:
    """Write a cost with its sign."""
    return f"+{amount(value)}" if value > 0 else amount(value)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def seconds_words(seconds: float) -> str:
    """Write a time: 12 s, 3.5 min, 2.1 h."""
    if seconds < _MINUTE:
        return f"{seconds:.3g} s"
    return f"{seconds / _MINUTE:.1f} min" if seconds < _HOUR else f"{seconds / _HOUR:.1f} h"


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def smoothed(values: Sequence[float | None], width: int) -> list[float | None]:
    """Return the mean of the known values among the newest ``width`` at each place; None where none is known."""
    found: list[float | None] = []
    for place in range(len(values)):
        known = [value for value in values[max(0, place - width + 1) : place + 1] if value is not None]
        found.append(sum(known) / len(known) if known and values[place] is not None else None)
    return found


def smoothing(batches: int) -> int:
    """Over how many batches a line is smoothed, so that it stays readable: none up to 120 batches."""
    return max(1, round(batches / 60)) if batches > 120 else 1  # noqa: PLR2004


def tuned_text(tuned: Tuned) -> str:
    """Say which numbers were found, on what, and what that was worth."""
    changes = [f"  {name}: {old:g} → {new:g}" for name, (old, new) in tuned.values.items()]
    before, after = tuned.searched
    lines = [
        f"{_times(tuned.trials, 'setting')} played on the {tuned.earlier} earlier batches, where the best cost "
        f"{amount(round(after, 4))} and the untuned one {amount(round(before, 4))}: that proves nothing yet.",
        *changes,
        tuned.sentence,
    ]
    return "\n".join(lines) + "\n"


class Mark(NamedTuple):
    """What happened on some batches, and how it is drawn: ``up`` and ``down`` are triangles, ``ring`` and ``cross``."""

    said: str
    places: tuple[int, ...]
    shape: str
    filled: bool = False


def marks_of(one: Outcome) -> tuple[Mark, ...]:
    """Return what a policy did and what came of it, in the order of a legend; the first three are always there."""
    at_once, held, looked = set(one.promoted) - set(one.released), set(one.held), set(one.looked)
    kept = [place for place in one.retrained if place not in at_once | held]
    return (
        Mark("retrained, went live", tuple(place for place in one.retrained if place in at_once), "up", filled=True),
        Mark("looked, not worth it", tuple(place for place in kept if place in looked), "ring"),
        Mark("rejected", tuple(place for place in kept if place not in looked), "cross"),
        Mark("held in the shadow", one.held, "up"),
        Mark("went live after the shadow", one.released, "up", filled=True),
        Mark("rejected in the shadow", one.refused, "cross"),
        Mark("rolled back", one.rolled_back, "down", filled=True),
    )


def marks_used(outcomes: Sequence[Outcome]) -> tuple[Mark, ...]:
    """Return the marks that a legend names: the usual ones, and of the others those that any of the policies has."""
    kinds = zip(*(marks_of(one) for one in outcomes), strict=True)
    return tuple(kind[0] for number, kind in enumerate(kinds) if number < _USUAL or any(mark.places for mark in kind))
