"""Colours of all pictures: Okabe and Ito's, told apart by readers with any common colour blindness, and in grey."""

from __future__ import annotations

BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
BLACK, GREY, LIGHT = "#111827", "#6B7280", "#E5E7EB"
