"""Errors that a person can act on: each names the thing, the value, what is accepted and the remedy."""

from __future__ import annotations

from ml.domain.findings import Finding


class EvergreenError(Exception):
    """Base of every error that Evergreen raises on purpose.

    The message is one readable paragraph; ``remedy`` is the sentence that says what to do. Callers at the edge (CLI,
    DAG task) print the message and choose an exit code or a retry by class; nothing else is caught.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} What to do: {self.remedy}" if self.remedy else self.message


class SpecError(EvergreenError):
    """A model spec (YAML) cannot be used; carries every problem of the file at once."""

    exit_code = 2


class DataError(EvergreenError):
    """The data of a batch cannot be used as it is: retrying without other data is pointless.

    ``findings`` say what is wrong with it, one by one; ``empty`` tells that the window simply has no rows.
    """

    exit_code = 3

    def __init__(
        self, message: str, *, remedy: str = "", findings: tuple[Finding, ...] = (), empty: bool = False
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.findings = findings
        self.empty = empty


class SourceUnavailableError(EvergreenError):
    """A source did not answer: the same call may succeed later, so a scheduler should retry."""

    exit_code = 4


class ArtifactError(EvergreenError):
    """Stored bytes are missing, altered, or not allowed to be loaded."""

    exit_code = 5


class RegistryError(EvergreenError):
    """The records do not allow what was asked."""

    exit_code = 6


class RegistryUnavailableError(RegistryError, SourceUnavailableError):
    """The database of the records did not answer: the same call may succeed later."""

    exit_code = 4


class StalePromotionError(RegistryError):
    """Another promotion happened after the gate judged: the verdict no longer speaks of today's champion."""


class LeaseHeldError(RegistryError):
    """Another retraining of the same model is in flight."""


class ApprovalPendingError(RegistryError):
    """A challenger passed the gate and waits for a person's word."""


class HeldError(RegistryError):
    """A challenger passed the gate and is held in the shadow before it may go live."""


class AlreadyAnsweredError(RegistryError):
    """Somebody else's word on a challenger, another one, came first."""


class NotFoundError(RegistryError):
    """A model, version, decision or batch that was asked for by name has no record."""
