"""What is tried again, what fails at once, and the sentence at the end of a failed task's log."""

import logging

import pytest
from airflow.sdk import RetryAction
from evergreen_dags.retries import POLICY, advice, say_what_to_do
from sqlalchemy.exc import OperationalError

from ml.domain import errors


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (errors.SourceUnavailableError("no host"), RetryAction.RETRY),
        (errors.LeaseHeldError("in flight"), RetryAction.RETRY),
        (ConnectionResetError(), RetryAction.RETRY),
        (TimeoutError(), RetryAction.RETRY),
        (OperationalError("select 1", {}, Exception("server closed")), RetryAction.RETRY),
        (errors.DataError("rubbish"), RetryAction.FAIL),
        (errors.SpecError("typo"), RetryAction.FAIL),
        (errors.RegistryError("no"), RetryAction.FAIL),
        (errors.StalePromotionError("overtaken"), RetryAction.FAIL),
        (errors.ArtifactError("altered"), RetryAction.FAIL),
        (ZeroDivisionError(), RetryAction.FAIL),
    ],
)
def test_only_what_may_go_away_by_itself_is_tried_again(error, action):
    decision = POLICY.evaluate(error, try_number=1, max_tries=3)
    assert decision.action is action


def test_the_log_ends_with_what_to_do(caplog):
    error = errors.DataError("The file is empty.", remedy="put rows into it.")
    with caplog.at_level(logging.ERROR):
        say_what_to_do({"exception": error})
    assert caplog.messages == ["What to do: put rows into it."]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.RegistryError("No champion."), "No champion."),
        (ConnectionRefusedError("db:5432"), "check that the service behind db:5432 is up"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (None, "read the traceback"),
    ],
)
def test_there_is_always_something_to_do(error, words):
    assert words in advice(error)
