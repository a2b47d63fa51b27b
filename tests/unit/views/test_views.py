"""What the views say of the story, on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ml.domain.errors import NotFoundError
from ml.domain.records import Stage, Verdict
from ml.registry import Reader
from ml.views import (
    BatchRow,
    EventKind,
    decision,
    first_version_metrics,
    history,
    status,
    summary,
    timeline,
    versions,
)
from ml.views.summary import reason_of
from tests.builders import MODEL, week
from tests.unit.views.story import asked, told


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with told(f"sqlite:///{tmp_path_factory.mktemp('views') / 'story.db'}") as registry, registry.read() as found:
        yield found


@pytest.fixture(scope="module")
def rows(reader: Reader) -> tuple[BatchRow, ...]:
    return timeline(reader, MODEL)


def test_there_is_a_row_for_every_batch_that_anything_is_known_of(rows: tuple[BatchRow, ...]) -> None:
    assert [row.window for row in rows] == [week(number) for number in range(7)]


def test_rows_are_counted_as_kept_and_quarantined(rows: tuple[BatchRow, ...]) -> None:
    assert (rows[1].rows, rows[1].quarantined) == (100, 10)
    assert rows[6].rows == 0


def test_a_batch_is_stopped_by_validation_or_at_the_door(rows: tuple[BatchRow, ...]) -> None:
    assert [row.stopped for row in rows] == [False, False, True, False, False, False, True]
    assert rows[2].codes == ("DV040",)
    assert rows[6].codes == ("DV003",)


def test_information_is_no_code_of_a_row(rows: tuple[BatchRow, ...]) -> None:
    assert {item.code for item in rows[3].findings} == {"DV040", "DR002"}
    assert rows[3].codes == ("DR002",)


def test_the_newest_observation_of_a_batch_holds(rows: tuple[BatchRow, ...]) -> None:
    assert rows[1].metric == pytest.approx(0.81)
    assert rows[1].labelled == 100
    assert rows[1].labelled_share == 1.0


def test_a_batch_without_champion_or_labels_has_no_metric(rows: tuple[BatchRow, ...]) -> None:
    assert rows[0].metric is None
    assert rows[0].served_by is None
    assert rows[5].metric is None
    assert rows[5].labelled_share == 0.0


def test_drifted_columns_come_strongest_first_and_without_the_calm(rows: tuple[BatchRow, ...]) -> None:
    assert rows[3].drifted == (("hour", 0.4), ("price", 0.2))
    assert rows[3].drift_share == 0.5
    assert rows[1].prediction_drift == 0.02


def test_events_stand_at_their_batch_and_the_champion_follows_them(rows: tuple[BatchRow, ...]) -> None:
    kinds = [[(event.kind, event.version) for event in row.events] for row in rows]
    assert kinds[0] == [(EventKind.PROMOTED, 1)]
    assert kinds[3] == [(EventKind.REJECTED, 2)]
    assert kinds[4] == [(EventKind.PROMOTED, 3), (EventKind.ROLLED_BACK, 1)]
    assert [row.champion for row in rows] == [1, 1, 1, 1, 1, 1, 1]


def test_the_baseline_is_that_of_the_version_that_served(rows: tuple[BatchRow, ...]) -> None:
    assert rows[1].baseline == 0.85
    assert rows[0].baseline is None


def test_a_span_can_be_asked_for(reader: Reader) -> None:
    assert [row.window for row in timeline(reader, MODEL, start=week(1).start, end=week(3).start)] == [week(1), week(2)]


def test_an_unknown_model_is_not_an_empty_timeline(reader: Reader) -> None:
    with pytest.raises(NotFoundError, match=f"do not know a model 'nobody'; they know {MODEL}"):
        timeline(reader, "nobody")


def test_status_says_where_the_model_stands(reader: Reader) -> None:
    (row,) = status(reader)
    assert (row.model, row.champion, row.batches, row.retrainings) == (MODEL, 1, 7, 3)
    assert (row.promotions, row.rejections, row.stopped) == (2, 1, True)
    assert row.metric == pytest.approx(0.84)
    assert row.metric_window == week(4)
    assert row.verdict is Verdict.KEEP


def test_versions_come_with_their_verdict(reader: Reader) -> None:
    found = versions(reader, MODEL)
    assert [row.stage for row in found] == [Stage.CHAMPION, Stage.REJECTED, Stage.RETIRED]
    assert found[1].sentence == "worse by 0.02"
    assert found[0].estimator == "LogisticRegression"
    assert history(reader, MODEL).versions == found


def test_a_decision_is_found_by_its_id_or_its_beginning(reader: Reader) -> None:
    whole = decision(reader, f"{MODEL}-decision-3-retrain")
    assert decision(reader, f"{MODEL}-decision-3") == whole
    assert whole.version is not None
    assert whole.version.version == 2
    assert whole.gate is not None
    assert whole.promotion is None


def test_what_followed_a_promotion_is_told(reader: Reader) -> None:
    found = decision(reader, f"{MODEL}-decision-0")
    assert found.promotion is not None
    assert found.promotion.to_version == 1


@pytest.mark.parametrize(
    ("beginning", "said"), [(f"{MODEL}-d", "5 decisions begin"), ("nothing", "There is no decision")]
)
def test_an_unclear_decision_is_an_error(reader: Reader, beginning: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=said):
        decision(reader, beginning)


def test_the_summary_counts(rows: tuple[BatchRow, ...]) -> None:
    total = summary(rows, never={week(1): 0.7, week(4): 0.8, week(9): 0.1})
    assert (total.batches, total.stopped, total.retrainings) == (7, 2, 3)
    assert (total.promotions, total.rejections, total.rollbacks) == (2, 1, 1)
    assert total.reasons == {"retrain: performance": 3, "keep": 1, "keep: cooldown": 1}
    assert total.mean_metric == pytest.approx((0.81 + 0.83 + 0.84) / 3)
    assert total.compared == 2
    assert total.own_mean == pytest.approx(0.825)
    assert total.never_mean == pytest.approx(0.75)


def test_nothing_measured_is_no_mean() -> None:
    total = summary(())
    assert total.mean_metric is None
    assert total.never_mean is None
    assert total.reasons == {}


def test_the_first_version_is_followed_as_long_as_it_was_scored(reader: Reader) -> None:
    assert set(first_version_metrics(reader, MODEL)) == {week(1), week(3), week(4)}


def test_a_forced_decision_is_by_hand() -> None:
    assert reason_of(asked(1, Verdict.KEEP)) == "keep"
    assert reason_of(asked(1, Verdict.CANNOT_TELL)) == "cannot tell"


def test_reading_imports_nothing_heavy() -> None:
    heavy = ("pandas", "sklearn", "matplotlib")
    code = f"import sys, ml.views, ml.reports, ml.registry; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
