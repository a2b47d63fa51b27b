"""A sudden change of the concept: when it may have happened, how large it is, what a retraining would mend of it.

Bayes' rule over the moments (as Adams and MacKay 2007) and a few sizes, told by the losses of whoever served before and
after, and by models compared on the same rows. What a model still loses of a change depends on the share of old rows
in what it was fitted on: squared, since that is the excess of least squares on a mixture of two concepts. So a champion
fitted too soon after a change is known to be unfinished, and a short window to forget sooner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.policies.plan.evidence import Comparison, Evidence, Vector, Whole
from ml.policies.plan.record import Record
from ml.policies.plan.scores import Truth

HAZARD = 0.01  # chance of a sudden change in a batch: one in a hundred batches
SUDDEN = 0.35  # what the smallest change looked for costs, as a share of the error rate
_SIZES = np.array([1.0, 3.0, 9.0, 27.0])  # how much larger others are
_LOG_RARITY = np.log(1 / _SIZES / (1 / _SIZES).sum())  # tails as those of Cauchy's distribution (Jeffreys 1961)
_BACK = 12  # batches before the end of the champion's data that a change is still looked for in
_BATCHES_BEFORE = 12  # the record that a sudden change is judged against
_FEWEST_BEFORE = 2
_LIKE = 3.0  # neighbouring batches resemble each other: so many tell as much as one
_BOLD = 6.0  # log odds that losses alone may claim
_BOLD_LOOK = 8.0  # the same of one look
_LITTLE = 1e-3  # models that know the new concept this well do not tell of it
_HARDLY = 0.1  # share of a change below which a gain does not tell its size
_NOTHING = 1e-12


Believed = tuple[Vector, Vector, Vector]
"""Log odds of a change at each moment and of each size, the size that is then believed in, and its variance."""


@dataclass(frozen=True, slots=True)
class Look:
    """Two models compared: by how much the gain differs from the foreseen one, and that difference's variance."""

    compared: Comparison
    missed: float
    variance: float


@dataclass(frozen=True, slots=True)
class Change:
    """The probability ``odds`` of a sudden change, its size ``jump`` and the size's variance.

    ``learned`` is the share of it that a model fitted today would mend of the champion's loss, ``seen`` the share that
    a look made now would show, ``unlearned`` (n) what a model fitted in 0, 1, … batches would still lose.
    """

    odds: float
    jump: float
    jump_var: float
    learned: float
    seen: float
    unlearned: Vector

    def size(self, gain: Vector) -> Vector:
        """How large the change is if a model fitted today gains so much by having learned of it."""
        if self.learned < _HARDLY:
            return np.full(len(gain), self.odds * self.jump)
        return np.maximum(gain, 0.0) / self.learned


def sudden_change(
    evidence: Evidence, record: Record, looks: Sequence[Look], *, variance: float, held: int, memory: int, ahead: int
) -> Change:
    """Weigh all moments and sizes.

    Args:
        evidence: What is known, in batches.
        record: Losses of whoever served.
        looks: Comparisons that tell of a change, too.
        variance: That of the champion's staleness without a change.
        held: Batches that a look holds out.
        memory: First batch that is looked back on.
        ahead: Batches that are looked ahead.
    """
    champion, labelled = evidence.champion, evidence.labelled
    moments = np.arange(max(min(champion.first + 1, champion.until), champion.until - _BACK, memory), labelled)
    left = _left(evidence, record, looks, moments, held=held, ahead=ahead)
    told, mean, var = _from_losses(moments, record, variance, left.served)
    if looks:
        told, mean, var = _from_looks(moments, looks, left.apart, (told, mean, var))
    weight = HAZARD * np.exp(told)
    whole = float(np.add.reduce(weight, axis=None))
    told, mean = weight / whole, np.maximum(mean, 0.0)
    expected = told * mean
    jump = max(float(np.add.reduce(expected, axis=None)), _NOTHING)
    lost = np.add.reduce(expected, axis=1) / jump  # where the loss comes from
    unlearned = left.newest @ lost
    shown = (left.mine - left.held) * np.minimum((labelled - moments) / held, 1.0)
    return Change(
        whole / (whole + (1 - HAZARD) ** len(moments)),
        jump,
        float(np.add.reduce(told * (var + mean**2), axis=None)) - jump**2,
        float(lost @ left.mine - unlearned[0]),
        float(lost @ shown),
        unlearned,
    )


@dataclass(frozen=True, slots=True)
class _Left:
    """What models still lose of a change at each moment, as shares of it.

    ``served`` (moments × batches) is for whoever served, the others have one row a model: ``mine`` for the champion,
    ``held`` and ``newest`` for one fitted on the shortest window that ends with what a look holds out, and in 0, 1, …
    batches. ``apart`` is how much more the one loses than the other of the models that each look compared.
    """

    served: Vector
    mine: Vector
    held: Vector
    newest: Vector
    apart: Vector


def _left(evidence: Evidence, record: Record, looks: Sequence[Look], moments: Whole, *, held: int, ahead: int) -> _Left:
    """All models at once: there are few moments, and the calls cost more than the numbers."""
    champion, served = evidence.champion, len(record.first)
    ends = np.arange(evidence.labelled - 1, evidence.labelled + ahead)
    ends[0] = evidence.labelled - held
    starts = np.zeros_like(ends) if evidence.shortest is None else np.maximum(ends - evidence.shortest, 0)
    met = [one for look in looks for one in (look.compared.champion, look.compared.challenger)]
    models = np.array([(one.first, one.until) for one in (champion, *met)], dtype=np.int64)
    first = np.concatenate([record.first, starts, models[:, 0]])
    until = np.concatenate([record.until, ends, models[:, 1]])
    old = np.minimum(np.maximum(moments[:, None], first), until) - first
    found = (np.maximum(old, 0) / np.maximum(until - first, 1)) ** 2  # of the squared share of old rows, see above
    rows = np.ascontiguousarray(found[:, served:].T)
    newest, compared = rows[1 : ahead + 1], rows[ahead + 2 :]
    return _Left(found[:, :served], rows[ahead + 1], rows[0], newest, compared[::2] - compared[1::2])


def _from_losses(moments: Whole, record: Record, variance: float, left: Vector) -> Believed:
    """What is believed by the losses of whoever served."""
    measured, spread, known = _measured(moments, record, variance, left)
    sizes = SUDDEN * _SIZES * record.error
    prior = sizes**2 / 2
    differs, total = measured - sizes, spread + prior
    odds = _log_density(differs, total) - _log_density(measured, spread)
    told = _LOG_RARITY + np.where(known, odds, 0.0)
    most = np.maximum.reduce(told, axis=1, keepdims=True)
    whole = most + np.log(np.add.reduce(np.exp(told - most), axis=1, keepdims=True))
    told = told + np.minimum(np.maximum(whole, -_BOLD), _BOLD) - whole
    gain = np.where(known, prior / total, 0.0)
    return told, sizes + gain * differs, prior * (1 - gain)


def _measured(moments: Whole, record: Record, variance: float, left: Vector) -> tuple[Vector, Vector, Truth]:
    """How large a change at each moment would have been by the losses, its variance, and whether anything is known.

    Each is a column. Least squares of the losses above those before, by how little each serving model knew of the new
    concept.
    """
    place = np.searchsorted(record.batches, moments)
    ignorant = left * (record.batches >= moments[:, None])
    after, before = len(record.losses) - place, np.minimum(place, _BATCHES_BEFORE)
    sums = np.zeros(len(record.losses) + 1)
    np.add.accumulate(record.losses, out=sums[1:])
    usual = (sums[place] - sums[place - before]) / np.maximum(before, 1)
    squares = np.add.reduce(ignorant**2, axis=1)
    known = (before >= _FEWEST_BEFORE) & (after >= 1) & (squares > _LITTLE)
    squares = np.where(known, squares, 1.0)
    ratio = np.add.reduce(ignorant, axis=1) / squares
    size = np.add.reduce(ignorant * (record.losses - usual[:, None]), axis=1) / squares
    chance = np.minimum(after, _LIKE) / squares + np.minimum(_LIKE / np.maximum(before, 1), 1.0) * ratio**2
    spread = np.where(known, record.noise**2 * chance + variance * ratio**2, 1.0)
    return size[:, None], spread[:, None], known[:, None]


def _from_looks(moments: Whole, looks: Sequence[Look], apart: Vector, believed: Believed) -> Believed:
    """The same after each look, one after the other."""
    missed, variance = np.array([[look.missed, look.variance] for look in looks]).T
    bounds = np.array([[look.compared.first, look.compared.until] for look in looks])
    until, length = bounds[:, 1:], bounds[:, 1:] - bounds[:, :1]
    shares = apart * np.minimum(np.maximum((until - moments) / length, 0.0), 1.0)
    calm = _log_density(missed, variance)
    told, mean, var = believed
    shares = shares[:, :, None]
    for look, unchanged, shown, squared in zip(looks, calm, shares, shares**2, strict=True):
        differs = look.missed - shown * mean
        total = look.variance + squared * var
        odds = _log_density(differs, total) - unchanged
        gain = shown * var / total
        told = told + np.minimum(np.maximum(odds, -_BOLD_LOOK), _BOLD_LOOK)
        mean, var = mean + gain * differs, var * look.variance / total
    return told, mean, var


def _log_density(missed: Vector, variance: Vector | float) -> Vector:
    found: Vector = -0.5 * (missed**2 / variance + np.log(variance))
    return found
