"""Which failures are tried again, and the sentence that a failed task's log ends with."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from ml.domain.errors import ApprovalPendingError, EvergreenError, LeaseHeldError, SourceUnavailableError

log = logging.getLogger(__name__)

# Only what may go away by itself is tried again. A killed worker raises nothing: Airflow retries it by `retries` alone.
POLICY = ExceptionRetryPolicy(
    [
        RetryRule(SourceUnavailableError, RetryAction.RETRY, reason="the source did not answer; it may later"),
        RetryRule(
            LeaseHeldError,
            RetryAction.RETRY,
            retry_delay=timedelta(minutes=1),
            reason="another retraining of this model is in flight; it will end",
        ),
        RetryRule(
            ApprovalPendingError,
            RetryAction.RETRY,
            retry_delay=timedelta(minutes=1),
            reason="the time to answer is not over by this machine's clock",
        ),
        RetryRule(
            EvergreenError, RetryAction.FAIL, reason="trying again would change nothing: see the error's last sentence"
        ),
        RetryRule(
            [ConnectionError, TimeoutError, "sqlalchemy.exc.OperationalError"],
            RetryAction.RETRY,
            reason="a connection failed; it may work later",
        ),
    ],
    default=RetryAction.FAIL,
)

RETRYING: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
    "retry_policy": POLICY,
}


def say_what_to_do(context: Any) -> None:
    """Log, as the last thing, one sentence on what to do about the failure."""
    log.error(advice(context.get("exception")))


def advice(error: object) -> str:
    """One sentence on what to do about an error.

    >>> advice(EvergreenError("The file is empty.", remedy="write something into it."))
    'What to do: write something into it.'
    """
    if isinstance(error, EvergreenError):
        return f"What to do: {error.remedy or error.message}"
    if isinstance(error, ConnectionError | TimeoutError):
        return f"What to do: check that the service behind {error} is up, then clear this task."
    return (
        f"What to do: this is not an error that Evergreen foresees ({type(error).__name__}: {error}); "
        "read the traceback above, and report it with the model's spec."
    )
