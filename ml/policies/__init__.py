"""When to retrain: pure functions of stored history, so that a replay is production."""

from ml.policies.decide import Conclusion, conclude, decide
from ml.policies.facts import Facts, Need
from ml.policies.ledger import Ledger, facts_of
from ml.policies.needs import needs_of
from ml.policies.question import Question
from ml.policies.rules import RULES, evaluate

__all__ = [
    "RULES",
    "Conclusion",
    "Facts",
    "Ledger",
    "Need",
    "Question",
    "conclude",
    "decide",
    "evaluate",
    "facts_of",
    "needs_of",
]
