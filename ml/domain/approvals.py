"""A person's word on a challenger that passed the gate: what is asked of whom, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ml.domain.holds import BY_HAND, ShadowEnding, ShadowVerdict
from ml.domain.records import ASKED, GateResult
from ml.domain.windows import parse_moment


class Answer(StrEnum):
    """What became of the question."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"  # nobody answered in time


@dataclass(frozen=True, slots=True)
class Approval:
    """The answer on one version; there is one, the first.

    ``actor`` is the person, ``via`` where the word was given (``airflow``, ``console``, ``command line``; ``clock`` for
    an expiry). ``as_of`` is the data's time at which it was given: what is approved serves from then on.
    """

    model: str
    version: int
    answer: Answer
    comment: str
    actor: str
    via: str
    as_of: datetime
    created_at: datetime

    def sentence(self) -> str:
        """Say who answered what, when and why."""
        if self.answer is Answer.EXPIRED:
            return f"Nobody answered in time: expired on {self.created_at:%Y-%m-%d %H:%M} UTC."
        said = f": {self.comment}" if self.comment else ""
        when = f"{self.created_at:%Y-%m-%d %H:%M} UTC"
        return f"{self.answer.value.capitalize()} by {self.actor} ({self.via}) on {when}{said}"


def rejected_in_shadow(word: Approval) -> ShadowVerdict:
    """Write how a hold ended that a person ended by rejecting what was held; see `word_in_shadow`."""
    return ShadowVerdict(
        model=word.model,
        version=word.version,
        ending=ShadowEnding.REJECTED,
        sentence=f"Ended in the shadow by hand: {word.sentence()}",
        difference=None,
        interval=None,
        rows=0,
        as_of=word.as_of,
        created_at=word.created_at,
        evidence={BY_HAND: {"actor": word.actor, "via": word.via, "comment": word.comment}},
    )


def word_in_shadow(verdict: ShadowVerdict) -> Approval | None:
    """Read a person's word that ended a hold; None if the hold ended otherwise."""
    said = verdict.evidence.get(BY_HAND)
    if said is None:
        return None
    who = {name: str(said[name]) for name in ("comment", "actor", "via")}
    return Approval(
        verdict.model,
        verdict.version,
        Answer.REJECTED,
        as_of=verdict.as_of,
        created_at=verdict.created_at,
        **who,
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a person is asked: ``users`` may answer, by id or name (empty: whoever may act), until a moment of
    the wall clock, with a comment if one is required.
    """

    users: tuple[tuple[str, str], ...]
    comment: bool
    until: datetime

    def allow(self, who: tuple[str, ...]) -> bool:
        """Tell whether a person, known by these ids and names, may answer."""
        return not self.users or any(known in pair for pair in self.users for known in who if known)

    def names(self) -> str:
        """Who may answer, in words."""
        return ", ".join(name for _, name in self.users) or "whoever may act on the model"


def terms_asked(result: GateResult | None, after: ShadowVerdict | None = None) -> Terms | None:
    """Return on which terms a person must approve a challenger; None if nobody has to, or it did not pass.

    What is held in the shadow first asks by the verdict ``after`` it: nobody is asked before.
    """
    if result is None or not result.passed:
        return None
    asked = result.evidence.get(ASKED) if after is None else after.evidence.get(ASKED)
    if asked is None:
        return None
    users = tuple((str(one["id"]), str(one["name"])) for one in asked["users"])
    return Terms(users, bool(asked["comment"]), parse_moment(asked["until"]))
