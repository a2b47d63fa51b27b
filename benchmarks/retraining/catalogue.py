"""Which streams are played: those to develop with, and those held back until all choices were made."""

from __future__ import annotations

from functools import partial

from retraining.streams import Recipe, real, synthetic

# (concept, kind of change, seed, rows a batch, regression)
DEVELOPED = [
    ("hyperplane", "abrupt", 1, 800, False),
    ("hyperplane", "none", 1, 800, False),
    ("hyperplane", "perfect", 1, 900, False),
    ("mixed", "wander", 1, 800, False),
    ("sea", "gradual", 1, 800, False),
    ("hyperplane", "recurring", 1, 800, False),
    ("mixed", "season", 1, 800, False),
    ("mixed", "none", 1, 800, False),
    ("hyperplane", "feature", 1, 800, False),
    ("sea", "concept", 1, 900, False),
    ("hyperplane", "wander", 2, 400, True),
    ("mixed", "abrupt", 2, 800, False),
    ("sea", "recurring", 2, 400, False),
    ("hyperplane", "gradual", 2, 900, False),
    ("sea", "none", 2, 900, False),
    ("hyperplane", "season", 3, 900, False),
    ("mixed", "feature", 3, 400, False),
    ("mixed", "gradual", 3, 800, True),
    ("sea", "wander", 3, 800, False),
    ("hyperplane", "concept", 4, 800, True),
    ("mixed", "none", 4, 800, True),
]
HELD_BACK = [
    ("rotating", "abrupt", 11, 800, False),
    ("blobs", "wander", 11, 800, False),
    ("rotating", "season", 11, 800, False),
    ("blobs", "none", 11, 800, False),
    ("rotating", "perfect", 11, 900, False),
    ("mixed", "wander", 12, 800, False),
    ("blobs", "gradual", 12, 800, False),
    ("rotating", "recurring", 12, 800, False),
    ("rotating", "wander", 13, 400, True),
    ("blobs", "feature", 13, 800, False),
    ("mixed", "concept", 13, 800, False),
    ("rotating", "none", 13, 800, False),
    ("blobs", "recurring", 14, 800, False),
    ("mixed", "season", 14, 800, True),
    ("hyperplane", "wander", 14, 900, False),
    ("blobs", "abrupt", 15, 900, False),
    ("rotating", "gradual", 15, 800, False),
    ("mixed", "none", 15, 900, False),
    ("blobs", "concept", 16, 400, False),
    ("mixed", "perfect", 16, 900, False),
]


def recipes() -> list[Recipe]:
    """List all streams, real ones first."""
    found = real()
    for held_back, lines in ((False, DEVELOPED), (True, HELD_BACK)):
        for concept, kind, seed, rows, regression in lines:
            name = f"{concept}-{kind}-{seed}" + ("-mae" if regression else "")
            group = kind if kind in {"none", "perfect"} else "synthetic"
            make = partial(synthetic, concept, kind, seed, rows=rows, regression=regression)
            found.append(Recipe(name, group, make, held_back, rows))
    return found
