"""Play policies over a model's past, with the decision's own code, before one of them is switched on."""

from ml.policies.replay.account import Account, LossOf, Prices, account
from ml.policies.replay.advice import EARLIER, LEAST_BATCHES, SURE, Advice, advise, front
from ml.policies.replay.compare import (
    REFERENCES,
    Comparison,
    Outcome,
    Table,
    compare,
    first_shared,
    plain_policies,
    with_costs,
)
from ml.policies.replay.hindsight import Best, cheapest_sequence
from ml.policies.replay.move import Move, Setting
from ml.policies.replay.player import play
from ml.policies.replay.tuned import UNTUNED, Rival, Tuned
from ml.policies.replay.world import Challenge, Stand, Step, World

__all__ = [
    "EARLIER",
    "LEAST_BATCHES",
    "REFERENCES",
    "SURE",
    "UNTUNED",
    "Account",
    "Advice",
    "Best",
    "Challenge",
    "Comparison",
    "LossOf",
    "Move",
    "Outcome",
    "Prices",
    "Rival",
    "Setting",
    "Stand",
    "Step",
    "Table",
    "Tuned",
    "World",
    "account",
    "advise",
    "cheapest_sequence",
    "compare",
    "first_shared",
    "front",
    "plain_policies",
    "play",
    "with_costs",
]
