"""On what and how a challenger is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from ml.specs.base import Listed, Moment, Number, PositiveDuration, Spec


class AllWindow(Spec):
    """Train on every labelled row."""

    kind: Literal["all"]


class SlidingWindow(Spec):
    """Train on the newest labelled rows only: those of the last batches, or of the last days."""

    kind: Literal["sliding"]
    length: PositiveDuration | None = Field(
        default=None, description="How far back the rows go from the end of the newest batch that is trained on."
    )
    batches: int | None = Field(
        default=None, ge=1, description="How many labelled batches, the newest that is trained on included."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.length is None) == (self.batches is None):
            raise ValueError("give either length or batches, not both and not neither")
        return self


class SinceWindow(Spec):
    """Train on the labelled rows since a date."""

    kind: Literal["since"]
    start: Moment = Field(description="First moment that is used.")


FixedWindow = AllWindow | SlidingWindow | SinceWindow
"""A window that says by itself which rows are trained on."""


class PickedWindow(Spec):
    """Fit once on each of several windows and let the held-out rows choose.

    The window of the present champion (at first the first one) stays unless another one is better on the held-out rows
    beyond chance: paired on the same rows, p < 0.01 over all comparisons. Windows that hold the same rows are fitted
    once; one with fewer rows than `min_rows` is left out. A short window is better after a change, a long one at all
    other times.
    """

    kind: Literal["picked"]
    among: Annotated[tuple[Annotated[FixedWindow, Field(discriminator="kind")], ...], Listed] = Field(
        default=(
            AllWindow(kind="all"),
            SlidingWindow(kind="sliding", batches=10),
            SlidingWindow(kind="sliding", batches=3),
        ),
        min_length=1,
        max_length=10,
        description="The windows to try. The champion's own one, at first the first, is used unless another is better "
        "beyond chance.",
    )


TrainingWindow = Annotated[AllWindow | SlidingWindow | SinceWindow | PickedWindow, Field(discriminator="kind")]


def candidates_of(window: FixedWindow | PickedWindow) -> tuple[FixedWindow, ...]:
    """Return the windows that are tried for a training window, in the order of preference."""
    return window.among if isinstance(window, PickedWindow) else (window,)


def window_json(window: FixedWindow) -> dict[str, Any]:
    """Write a window as it stands in a spec."""
    return window.model_dump(mode="json", exclude_none=True)


EstimatorName = Literal[
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ElasticNet",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "GaussianNB",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistGradientBoostingClassifier",
    "HistGradientBoostingRegressor",
    "HuberRegressor",
    "KNeighborsClassifier",
    "KNeighborsRegressor",
    "Lasso",
    "LinearRegression",
    "LogisticRegression",
    "MLPClassifier",
    "MLPRegressor",
    "PoissonRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
    "Ridge",
    "SGDClassifier",
    "SGDRegressor",
]
Scalar = bool | int | float | str | None
_SCALARS = (bool, int, float, str, type(None))


def _parameter(value: Any) -> Any:
    """Refuse what no estimator takes with one message, where a plain union would give one a member."""
    for part in value if isinstance(value, list) else (value,):
        if not isinstance(part, _SCALARS):
            raise PydanticCustomError("accepted", "accepted is text, a number, true, false, null, or a list of these")
    return value


def _scalar(value: Any) -> Any:
    if not isinstance(value, _SCALARS):
        raise PydanticCustomError("accepted", "accepted is text, a number, true, false or null")
    return value


Parameter = Annotated[Scalar | list[Scalar], BeforeValidator(_parameter)]
"""A parameter of an estimator."""


class SearchChoice(Spec):
    """Try these values."""

    values: Annotated[tuple[Annotated[Scalar, BeforeValidator(_scalar)], ...], Listed] = Field(
        min_length=1, description="The values to choose from."
    )


class SearchRange(Spec):
    """Try values between two bounds; whole numbers if both bounds are whole."""

    low: Number = Field(description="Smallest value.")
    high: Number = Field(description="Largest value.")
    log: bool = Field(default=False, description="Search on a logarithmic scale.")

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range must start above 0, not at {self.low}")
        return self


def _search_kind(value: Any) -> str | None:
    """Tell a choice from a range by the fields that are there, so that an error speaks of one of them only."""
    names = set(value) if isinstance(value, Mapping) else set(getattr(type(value), "model_fields", ()))
    if "values" in names:
        return SearchChoice.__name__
    return SearchRange.__name__ if names & {"low", "high", "log"} else None


Search = Annotated[
    Annotated[SearchChoice, Tag(SearchChoice.__name__)] | Annotated[SearchRange, Tag(SearchRange.__name__)],
    Discriminator(
        _search_kind,
        custom_error_type="accepted",
        custom_error_message="accepted is {values: [a, b]} to choose from a list, or {low: 1, high: 9} for a range",
    ),
]
"""What to search over; told apart by its fields."""


class CandidateSpec(Spec):
    """One estimator to try, by its scikit-learn name."""

    estimator: EstimatorName = Field(description="Class name in scikit-learn.")
    parameters: dict[str, Parameter] = Field(default_factory=dict, description="Fixed parameters.")
    search: dict[str, Search] = Field(
        default_factory=dict, description="Parameters to search over, each with `values` or with `low` and `high`."
    )


class SearchBudget(Spec):
    """How much may be spent on searching when there is more than one candidate or a parameter to search."""

    trials: int = Field(default=20, ge=1, description="Most settings to try, over all candidates.")
    folds: int = Field(default=3, ge=2, description="Folds of the forward-chaining cross-validation in time.")
    max_duration: PositiveDuration | None = Field(
        default=None,
        description="Stop searching after this long. A time limit makes the result depend on the machine's speed.",
    )


class TrainingSpec(Spec):
    """How a challenger is trained."""

    window: TrainingWindow = Field(
        default=PickedWindow(kind="picked"), description="Which labelled rows older than the held-out ones are used."
    )
    candidates: Annotated[tuple[CandidateSpec, ...], Listed] = Field(
        default=(), description="Estimators to try; by default HistGradientBoosting with scikit-learn's own parameters."
    )
    search: SearchBudget = Field(default=SearchBudget(), description="Budget of the search, for each window tried.")
    min_rows: int = Field(default=100, ge=2, description="Fewer labelled rows are not trained on.")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Same snapshots, spec, code and seed: same predictions.")
    max_duration: PositiveDuration | None = Field(
        default=None, description="Airflow stops a training task after this long; by default after six hours."
    )


def window_from(data: Mapping[str, Any]) -> FixedWindow:
    """Read what :func:`window_json` wrote."""
    return candidates_of(TrainingSpec.model_validate({"window": dict(data)}).window)[0]
