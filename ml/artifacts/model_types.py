"""What a model file may hold: the allow-list, in our code and never taken from a file.

It is complete for the pipelines that Evergreen builds: every estimator that a spec may name, with any of its
documented parameters. No function, method, partial or callable of any kind is on it, and none of the loaders that
make one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml.domain.errors import ArtifactError

PROTOCOLS = (2,)
"""Versions of skops' schema that are read."""

_HGB = "sklearn.ensemble._hist_gradient_boosting"
_METRICS = "sklearn.metrics._dist_metrics"
_DISTANCES = ("Chebyshev", "Euclidean", "Hamming", "Manhattan", "Minkowski", "SEuclidean")

UNTRUSTED_BY_DEFAULT = frozenset(
    {
        "numpy.dtype",
        f"{_HGB}.predictor.TreePredictor",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        *(f"{_METRICS}.{name}Distance64" for name in _DISTANCES),
    }
)
"""Types that skops asks about, because they hold raw arrays or constructors; the digest vouches for their content."""

_OBJECTS = frozenset(
    {
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.IdentityLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogLink",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.AbsoluteError",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfGammaLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn._loss.loss.HalfPoissonLoss",
        "sklearn._loss.loss.HalfSquaredError",
        "sklearn._loss.loss.HuberLoss",
        "sklearn._loss.loss.PinballLoss",
        "sklearn.compose._column_transformer.ColumnTransformer",
        "sklearn.dummy.DummyClassifier",
        "sklearn.dummy.DummyRegressor",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.ExtraTreesRegressor",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._forest.RandomForestRegressor",
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        "sklearn.ensemble._gb.GradientBoostingRegressor",
        f"{_HGB}.binning._BinMapper",
        f"{_HGB}.gradient_boosting.HistGradientBoostingClassifier",
        f"{_HGB}.gradient_boosting.HistGradientBoostingRegressor",
        "sklearn.impute._base.MissingIndicator",
        "sklearn.impute._base.SimpleImputer",
        "sklearn.linear_model._base.LinearRegression",
        "sklearn.linear_model._coordinate_descent.ElasticNet",
        "sklearn.linear_model._coordinate_descent.Lasso",
        "sklearn.linear_model._glm.glm.PoissonRegressor",
        "sklearn.linear_model._huber.HuberRegressor",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.linear_model._ridge.Ridge",
        "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.linear_model._stochastic_gradient.SGDRegressor",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.neighbors._classification.KNeighborsClassifier",
        "sklearn.neighbors._regression.KNeighborsRegressor",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPRegressor",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._encoders.OneHotEncoder",
        "sklearn.preprocessing._encoders.OrdinalEncoder",
        "sklearn.preprocessing._function_transformer.FunctionTransformer",  # what "passthrough" becomes
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.DecisionTreeRegressor",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._classes.ExtraTreeRegressor",
    }
)

_LOSSES = frozenset(
    f"sklearn._loss._loss.Cy{name}"
    for name in (
        "AbsoluteError",
        "ExponentialLoss",
        "HalfBinomialLoss",
        "HalfGammaLoss",
        "HalfMultinomialLoss",
        "HalfPoissonLoss",
        "HalfSquaredError",
        "HuberLoss",
        "PinballLoss",
    )
) | frozenset(
    f"sklearn.linear_model._sgd_fast.{name}"
    for name in ("EpsilonInsensitive", "Hinge", "ModifiedHuber", "SquaredEpsilonInsensitive", "SquaredHinge")
)
_NUMBERS = frozenset(
    f"numpy.{name}" for name in ("bool", "float32", "float64", "int32", "int64", "intp", "uint32", "uint64", "uint8")
)

LOADERS: Mapping[str, frozenset[str]] = {
    "DTypeNode": frozenset({"numpy.dtype"}),
    "DictNode": frozenset({"builtins.dict"}),
    "JsonNode": frozenset({"builtins.str"}),
    "ListNode": frozenset({"builtins.list"}),
    "LossNode": _LOSSES,
    "NdArrayNode": frozenset({"numpy.ndarray"}) | _NUMBERS,
    "ObjectNode": _OBJECTS | UNTRUSTED_BY_DEFAULT - {"numpy.dtype", "sklearn.tree._tree.Tree"},
    "RandomGeneratorNode": frozenset({"numpy.random._generator.Generator"}),
    "RandomStateNode": frozenset({"numpy.random.mtrand.RandomState"}),
    "SliceNode": frozenset({"builtins.slice"}),
    "TreeNode": frozenset({"sklearn.tree._tree.Tree"}),
    "TupleNode": frozenset({"builtins.tuple"}),
    "TypeNode": frozenset(f"builtins.{name}" for name in ("bool", "float", "int", "object", "str")) | _NUMBERS,
}
"""skops' loader → the types that it may be asked to load."""


def refused(why: str) -> ArtifactError:
    """Return the error to raise for a model file that is not read, or not written."""
    return ArtifactError(
        f"The model file is refused: {why}.",
        remedy="the file was not written by Evergreen or was altered: retrain, or roll back to another version.",
    )


def check_type(loader: Any, name: str) -> None:
    """Refuse a type that is not on the list, or is there under another loader.

    Raises:
        ArtifactError: names the type.
    """
    if not isinstance(loader, str) or name not in LOADERS.get(loader, ()):
        raise refused(f"it holds {name} as {loader}")
