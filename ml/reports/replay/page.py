"""A replay as one HTML page that needs nothing else: no network, no fonts, no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ml.policies.replay import Comparison, Outcome
from ml.reports.replay.charts import STORY, points_svg, story_svg
from ml.reports.replay.style import STYLE
from ml.reports.replay.tables import bill_table, deeds_table
from ml.reports.replay.words import (
    chosen,
    followed,
    hindsight,
    marks_used,
    named,
    played,
    policy_yaml,
    prices,
    roles,
    smoothing,
    sureness,
)
from ml.reports.tables import Table


def comparison_html(comparison: Comparison, *, title: str = "") -> str:
    """Write a replay as a page: the advice, the policies, two pictures, and the recommended policy to paste."""
    heading = escape(title or f"{comparison.setting.model}: which policy?")
    sections = (
        _advice(comparison),
        _section("Policies", "policies", _tables(comparison)),
        _section("Errors against retraining", "front", _figure(points_svg(comparison), _FRONT_WORDS)),
        _section("Over time", "time", _legend(comparison) + _figure(story_svg(comparison), _story_words(comparison))),
        _section("The recommended policy", "policy", _yaml(comparison)),
        _section("How to read this", "reading", _READING),
    )
    body = "\n".join(sections)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n<h1>{heading}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section(title: str, name: str, content: str) -> str:
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(title)}</h2>\n{content}\n</section>'


def _figure(svg: str, caption: str) -> str:
    return f"<figure>\n{svg}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"


def _advice(comparison: Comparison) -> str:
    kind = "change" if comparison.advice.change else "stay"
    details = [played(comparison), prices(comparison), sureness(comparison), hindsight(comparison)]
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in details if line)
    return f'<p class="advice {kind}">{escape(comparison.advice.sentence)}</p>\n{lines}'


def _tables(comparison: Comparison) -> str:
    caption = "Every policy on the same batches at the same costs, the cheapest first."
    return "\n".join(_table(comparison, one, caption) for one in (bill_table(comparison), deeds_table(comparison)))


def _table(comparison: Comparison, table: Table, caption: str) -> str:
    head = "".join(f'<th scope="col">{escape(one.heading)}</th>' for one in table.columns)
    rows = "\n".join(
        _row(comparison, one, cells[1:]) for one, cells in zip(comparison.outcomes, table.rows, strict=True)
    )
    return (
        f'<div class="scrolls" tabindex="0" role="region" aria-label="Policies: {escape(table.title)}">\n<table>\n'
        f"<caption>{escape(table.title.capitalize())}. {caption}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _row(comparison: Comparison, one: Outcome, cells: Sequence[str]) -> str:
    said = roles(comparison, one.name)
    tags = "".join(f' <span class="tag">{escape(role)}</span>' for role in said)
    kind = ' class="marked"' if said else ""
    numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr{kind}><th scope="row">{escape(one.name)}{tags}</th>{numbers}</tr>'


_SIGNS = {
    ("up", True): "▲",
    ("up", False): "△",
    ("ring", False): "○",
    ("cross", False): "✕",
    ("down", True): "▼",
}


def _legend(comparison: Comparison) -> str:
    names: Sequence[tuple[str, Outcome]] = list(zip(STORY, followed(comparison), strict=False))
    keys = "".join(
        f'<li><span class="key {kind}"></span>{escape(named(comparison, one.name))}</li>' for kind, one in names
    )
    used = marks_used(followed(comparison))
    marks = "".join(f"<li>{_SIGNS[one.shape, one.filled]} {one.said}</li>" for one in used)
    return f'<ul class="legend">{keys}{marks}</ul>'


def _story_words(comparison: Comparison) -> str:
    width = smoothing(len(comparison.windows))
    better = "higher" if comparison.setting.higher_is_better else "lower"
    over = f" Each value is the mean of {width} batches." if width > 1 else ""
    return (
        f"The {comparison.setting.metric.replace('_', ' ')} of the champion that served each batch, on the last labels "
        f"known; {better} is better.{over}"
    )


def _yaml(comparison: Comparison) -> str:
    one = chosen(comparison)
    change = f"To use <b>{escape(one.name)}</b>, paste this over <code>policy:</code> in the spec:"
    stays = "There is nothing to change: this is the policy in use."
    return (
        f"<p>{change if comparison.advice.change else stays}</p>\n"
        f'<pre tabindex="0"><code>{escape(policy_yaml(one.policy))}</code></pre>'
    )


_FRONT_WORDS = (
    "Lower left is cheaper. The line joins the policies that no other beats in both; blue is in use, green is "
    "recommended. Point at a policy, or move to it with the tab key, for its numbers."
)
_READING = """<dl>
<dt>cost</dt><dd>Errors and retrainings together, in the units of <code>policy.costs</code>, with the interval in which
95 % of the sums lie when blocks of neighbouring batches are drawn again and again.</dd>
<dt>regret</dt><dd>The cost over that of the cheapest sequence of retrainings that hindsight can find.</dd>
<dt>promoted, rejected, not worth it</dt><dd>What became of the challengers: live; turned down by the gate; sound, but
gaining less than the decision asked for.</dd>
<dt>looks</dt><dd>Trainings to see whether retraining pays, charged at a part of the price.</dd>
<dt>recommended</dt><dd>Finalists are chosen on the first 60 % of the batches, the rest decides between them. A change
is recommended only if it was cheaper there beyond chance.</dd>
</dl>"""
