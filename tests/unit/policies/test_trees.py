"""Trees of rules: any, all, at least k and not, in three-valued logic."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.domain.records import RuleResult, Verdict
from ml.policies.rules.combination import all_of, any_of, at_least, not_of

RETRAIN, KEEP, CANNOT_TELL = Verdict.RETRAIN, Verdict.KEEP, Verdict.CANNOT_TELL


def leaf(verdict: Verdict, least_gain: float | None = None) -> RuleResult:
    return RuleResult("leaf", verdict, f"A leaf says {verdict}.", least_gain=least_gain)


def possible(verdicts: tuple[Verdict, ...]) -> set[int]:
    """So many could be yes, if those who cannot tell could."""
    yes, silent = verdicts.count(RETRAIN), verdicts.count(CANNOT_TELL)
    return set(range(yes, yes + silent + 1))


@pytest.mark.parametrize("verdicts", [each for n in (1, 2, 3, 4) for each in product(Verdict, repeat=n)], ids=str)
def test_a_tree_says_what_holds_however_the_silent_would_answer(verdicts: tuple[Verdict, ...]) -> None:
    leaves = [leaf(verdict) for verdict in verdicts]
    for k in range(1, len(verdicts) + 1):
        outcomes = {count >= k for count in possible(verdicts)}
        expected = CANNOT_TELL if len(outcomes) == 2 else RETRAIN if outcomes == {True} else KEEP
        assert at_least(k, leaves).verdict is expected
    assert any_of(leaves).verdict is at_least(1, leaves).verdict
    assert all_of(leaves).verdict is at_least(len(leaves), leaves).verdict


@pytest.mark.parametrize(("said", "opposite"), [(RETRAIN, KEEP), (KEEP, RETRAIN), (CANNOT_TELL, CANNOT_TELL)], ids=str)
def test_not_says_the_opposite(said: Verdict, opposite: Verdict) -> None:
    assert not_of(leaf(said)).verdict is opposite
    assert not_of(not_of(leaf(said))).verdict is said


Tree = tuple[str, int, tuple[Any, ...]] | Verdict


def trees() -> st.SearchStrategy[Tree]:
    def grown(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
        several = st.lists(children, min_size=1, max_size=3).map(tuple)
        return st.one_of(
            several.flatmap(lambda of: st.tuples(st.just("at_least"), st.integers(1, len(of)), st.just(of))),
            st.tuples(st.just("any"), st.just(0), several),
            st.tuples(st.just("all"), st.just(0), several),
            st.tuples(st.just("not"), st.just(0), children.map(lambda one: (one,))),
        )

    return st.recursive(st.sampled_from(Verdict), grown, max_leaves=8)


def said_by(tree: Tree) -> RuleResult:
    """The tree as the engine answers it."""
    if isinstance(tree, Verdict):
        return leaf(tree)
    kind, k, of = tree
    results = [said_by(one) for one in of]
    if kind == "not":
        return not_of(results[0])
    return {"any": any_of, "all": all_of}[kind](results) if kind != "at_least" else at_least(k, results)


def kleene(tree: Tree) -> float:
    """The same by Kleene's truth values: 0 is no, 1 is yes, a half is neither; written without the engine."""
    if isinstance(tree, Verdict):
        return {KEEP: 0.0, CANNOT_TELL: 0.5, RETRAIN: 1.0}[tree]
    kind, k, of = tree
    values = sorted((kleene(one) for one in of), reverse=True)
    if kind == "not":
        return 1.0 - values[0]
    return values[{"any": 1, "all": len(values), "at_least": k}[kind] - 1]


@given(trees())
def test_any_tree_says_what_the_truth_table_says(tree: Tree) -> None:
    assert said_by(tree).verdict is {0.0: KEEP, 0.5: CANNOT_TELL, 1.0: RETRAIN}[kleene(tree)]


def answered(tree: Tree, sure: dict[int, bool], place: Iterator[int]) -> bool:
    """A tree of which each silent leaf is given an answer."""
    if isinstance(tree, Verdict):
        return sure[next(place)] if tree is CANNOT_TELL else tree is RETRAIN
    kind, k, of = tree
    values = [answered(one, sure, place) for one in of]
    if kind == "not":
        return not values[0]
    return sum(values) >= {"any": 1, "all": len(values), "at_least": k}[kind]


def silent(tree: Tree) -> int:
    return int(tree is CANNOT_TELL) if isinstance(tree, Verdict) else sum(silent(one) for one in tree[2])


@given(trees())
def test_a_yes_or_no_stands_however_the_silent_would_answer(tree: Tree) -> None:
    verdict = said_by(tree).verdict
    count = silent(tree)
    for values in product([True, False], repeat=count):
        outcome = answered(tree, dict(enumerate(values)), iter(range(count)))
        assert verdict is CANNOT_TELL or outcome is (verdict is RETRAIN)


# --- on what condition a challenger goes live


@pytest.mark.parametrize(
    ("combined", "gain"),
    [
        (any_of([leaf(RETRAIN, 0.02), leaf(RETRAIN, 0.01)]), 0.01),
        (any_of([leaf(RETRAIN, 0.02), leaf(RETRAIN)]), None),
        (any_of([leaf(RETRAIN, 0.02), leaf(KEEP)]), 0.02),
        (all_of([leaf(RETRAIN, 0.02), leaf(RETRAIN, 0.01)]), 0.02),
        (all_of([leaf(RETRAIN, 0.02), leaf(RETRAIN)]), 0.02),
        (all_of([leaf(RETRAIN, 0.02), leaf(KEEP)]), None),
        (at_least(2, [leaf(RETRAIN, 0.03), leaf(RETRAIN, 0.01), leaf(RETRAIN, 0.02)]), 0.02),
        (at_least(2, [leaf(RETRAIN, 0.03), leaf(RETRAIN), leaf(RETRAIN)]), None),
        (not_of(leaf(KEEP)), None),
        (any_of([all_of([leaf(RETRAIN, -0.01), leaf(RETRAIN, 0.05)]), leaf(RETRAIN, 0.04)]), 0.04),
    ],
)
def test_the_gain_at_which_enough_rules_stand_by_their_word(combined: RuleResult, gain: float | None) -> None:
    assert combined.least_gain == gain


@given(st.lists(st.tuples(st.sampled_from(Verdict), st.none() | st.floats(-1, 1)), min_size=1, max_size=6), st.data())
def test_a_challenger_goes_live_if_enough_rules_would_have_it(
    said: list[tuple[Verdict, float | None]], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(said)))
    measured = data.draw(st.floats(-1, 1))
    leaves = [leaf(verdict, gain if verdict is RETRAIN else None) for verdict, gain in said]
    combined = at_least(k, leaves)
    if combined.verdict is RETRAIN:
        for_it = sum(
            one.verdict is RETRAIN and (one.least_gain is None or measured >= one.least_gain) for one in leaves
        )
        assert (combined.least_gain is None or measured >= combined.least_gain) == (for_it >= k)
