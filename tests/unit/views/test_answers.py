"""What pages were answered is remembered until the model has a new record, within a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ml.views.console.answers import Answers


@dataclass
class Chain:
    """A reader of which only the numbers of the newest events are asked."""

    stamps: dict[str, str | None] = field(default_factory=dict)

    def ask(self, _statement: Any, *, names: list[str]) -> list[Any]:
        return [SimpleNamespace(name=one, stamp=self.stamps[one]) for one in names if one in self.stamps]


@dataclass
class Told:
    """A view that counts how often it is asked."""

    asked: int = 0
    long: int = 1

    def __call__(self, _reader: Any, model: str, what: str = "") -> str:
        self.asked += 1
        return f"{model} {what} {self.asked}".ljust(self.long)

    def __hash__(self) -> int:
        return id(self)


def answer(answers: Answers, chain: Chain, view: Told, model: str, what: str = "") -> str:
    return answers.of(chain, view, model, what=what)


def test_an_answer_holds_until_the_model_has_a_new_record() -> None:
    answers, chain, view = Answers(), Chain({"power": "3", "other": "8"}), Told()
    assert answer(answers, chain, view, "power") == answer(answers, chain, view, "power")
    assert view.asked == 1
    chain.stamps["other"] = "9"
    answer(answers, chain, view, "power")
    assert view.asked == 1
    chain.stamps["power"] = "4"
    answer(answers, chain, view, "power")
    assert view.asked == 2


def test_another_question_or_model_or_view_has_an_answer_of_its_own() -> None:
    answers, chain, view, other = Answers(), Chain({"power": "3", "other": "3"}), Told(), Told()
    said = {answer(answers, chain, view, model, what) for model in chain.stamps for what in ("a", "b")}
    assert len(said) == view.asked == 4
    answer(answers, chain, other, "power", "a")
    assert other.asked == 1


def test_without_an_event_nothing_is_remembered() -> None:
    answers, chain, view = Answers(), Chain({"old": None}), Told()
    for model in ("old", "old", "nowhere", "nowhere"):
        answer(answers, chain, view, model)
    assert view.asked == 4


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    answers, chain, view = Answers(most_bytes=250), Chain({"power": "1"}), Told(long=98)  # 100 as JSON
    for what in ("a", "b", "a", "c"):
        answer(answers, chain, view, "power", what)
    assert view.asked == 3
    answer(answers, chain, view, "power", "a")
    assert view.asked == 3
    answer(answers, chain, view, "power", "b")
    assert view.asked == 4


def test_an_answer_that_is_too_long_is_given_and_not_kept() -> None:
    answers, chain, view = Answers(most_bytes=50), Chain({"power": "1"}), Told(long=98)
    assert answer(answers, chain, view, "power") != answer(answers, chain, view, "power")


def test_an_answer_that_json_does_not_know_is_kept_too() -> None:
    answers, chain, asked = Answers(), Chain({"power": "1"}), []

    def view(_reader: Any, _model: str) -> object:
        asked.append(1)
        return object()

    assert answers.of(chain, view, "power") is answers.of(chain, view, "power")
    assert len(asked) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=40), st.integers(0, 120))
def test_whatever_is_asked_an_answer_is_never_older_than_the_models_newest_record(
    steps: list[tuple[str, bool]], most: int
) -> None:
    answers, chain = Answers(most_bytes=most), Chain({"a": "1", "b": "1", "c": "1"})

    def stamp(_reader: Any, model: str) -> str | None:
        return chain.stamps[model]

    for model, written in steps:
        chain.stamps[model] = str(int(chain.stamps[model] or 0) + written)
        assert answers.of(chain, stamp, model) == chain.stamps[model]
