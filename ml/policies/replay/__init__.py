"""Play policies over a model's past, with the decision's own code, before one of them is switched on."""

from ml.policies.replay.account import Account, Prices, account
from ml.policies.replay.advice import Advice, advise, front
from ml.policies.replay.compare import REFERENCES, Comparison, Outcome, Table, compare
from ml.policies.replay.hindsight import Best, cheapest_sequence
from ml.policies.replay.player import Move, Setting, play
from ml.policies.replay.world import Challenge, Step, World

__all__ = [
    "REFERENCES",
    "Account",
    "Advice",
    "Best",
    "Challenge",
    "Comparison",
    "Move",
    "Outcome",
    "Prices",
    "Setting",
    "Step",
    "Table",
    "World",
    "account",
    "advise",
    "cheapest_sequence",
    "compare",
    "front",
    "play",
]
