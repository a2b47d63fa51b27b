"""When to retrain: pure functions of stored history, so that a replay is production."""

from ml.policies.decide import decide
from ml.policies.facts import Facts, facts_of
from ml.policies.rules import RULES, evaluate

__all__ = ["RULES", "Facts", "decide", "evaluate", "facts_of"]
