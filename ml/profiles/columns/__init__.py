"""What a profile holds of one column: one kind of column a file."""

from ml.profiles.columns.bins import Bins
from ml.profiles.columns.categorical import CategoricalLayout, CategoricalProfile, Others
from ml.profiles.columns.moment import MomentLayout, MomentProfile
from ml.profiles.columns.numeric import NumericLayout, NumericProfile
from ml.profiles.columns.spread import Spread
from ml.profiles.columns.text import TextLayout, TextProfile

ColumnProfile = NumericProfile | CategoricalProfile | MomentProfile | TextProfile
ColumnLayout = NumericLayout | CategoricalLayout | MomentLayout | TextLayout

__all__ = [
    "Bins",
    "CategoricalLayout",
    "CategoricalProfile",
    "ColumnLayout",
    "ColumnProfile",
    "MomentLayout",
    "MomentProfile",
    "NumericLayout",
    "NumericProfile",
    "Others",
    "Spread",
    "TextLayout",
    "TextProfile",
]
