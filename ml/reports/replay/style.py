"""The page's style: the reader's own choice of light or dark, and room for a telephone."""

from __future__ import annotations

from ml.reports.palette import BLUE, GREEN, ORANGE

STYLE = f"""
:root {{ --paper: #ffffff; --ink: #111827; --soft: #4b5563; --rule: #e5e7eb; --panel: #f3f4f6;
  --one: {BLUE}; --two: {GREEN}; --three: {ORANGE}; --three-text: #8a5a00; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --paper: #0f1419; --ink: #e5e7eb; --soft: #a3adba; --rule: #2b333d; --panel: #1a212a;
    --one: #56b4e9; --two: #34c79a; --three: #f0b429; --three-text: #f0b429; }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
main {{ max-width: 1240px; margin: 0 auto; padding: 24px 20px 60px; }}
h1 {{ font-size: 1.5rem; margin: 0 0 12px; }}
h2 {{ font-size: 1.1rem; margin: 36px 0 10px; }}
p {{ margin: 6px 0; max-width: 80ch; }}
.advice {{ font-size: 1.1rem; padding: 12px 16px; background: var(--panel); border-left: 5px solid var(--one); }}
.advice.change {{ border-color: var(--two); }}
.scrolls {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13.5px; }}
caption {{ text-align: left; color: var(--soft); padding-bottom: 6px; }}
th, td {{ padding: 5px 10px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }}
thead th {{ white-space: normal; vertical-align: bottom; }}
th:first-child {{ text-align: left; position: sticky; left: 0; background: var(--paper); }}
tbody th {{ font-weight: 400; }}
tr.marked th, tr.marked td {{ font-weight: 600; }}
.tag {{ font-size: 11px; padding: 1px 7px; border-radius: 9px; background: var(--panel); color: var(--soft); }}
figure {{ margin: 0; }}
figcaption {{ color: var(--soft); font-size: 13.5px; max-width: 90ch; }}
svg {{ width: 100%; height: auto; display: block; }}
text {{ fill: var(--ink); font-size: 12.5px; }}
.axis {{ fill: var(--soft); }}
.middle {{ text-anchor: middle; }}
.end {{ text-anchor: end; }}
.strong {{ font-weight: 700; }}
.grid {{ stroke: var(--rule); }}
.leader {{ stroke: var(--soft); stroke-width: 0.6; }}
.name {{ paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }}
.front {{ fill: none; stroke: var(--ink); stroke-width: 1.2; }}
.point {{ stroke-width: 1.5; fill: var(--soft); stroke: var(--soft); }}
.point.in-use {{ fill: var(--one); stroke: var(--one); }}
.point.advised {{ fill: var(--two); stroke: var(--two); }}
.point.hollow {{ fill: var(--paper); }}
.point:hover, .point:focus {{ stroke: var(--ink); stroke-width: 3; outline: none; }}
.line {{ fill: none; stroke-width: 1.7; }}
.mark {{ fill: none; stroke-width: 1.4; }}
.one {{ stroke: var(--one); }} .two {{ stroke: var(--two); }} .three {{ stroke: var(--three); }}
.mark.one.filled {{ fill: var(--one); }} .mark.two.filled {{ fill: var(--two); }}
.mark.three.filled {{ fill: var(--three); }}
.one-text {{ fill: var(--one); }} .two-text {{ fill: var(--two); }} .three-text {{ fill: var(--three-text); }}
.legend {{ list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 8px; padding: 0;
  font-size: 13.5px; }}
.key {{ display: inline-block; width: 22px; height: 0; border-top: 3px solid; margin: 0 6px 4px 0; }}
.key.one {{ border-color: var(--one); }} .key.two {{ border-color: var(--two); }}
.key.three {{ border-color: var(--three); }}
pre {{ background: var(--panel); padding: 12px 16px; overflow-x: auto; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 8px; max-width: 80ch; }}
@media print {{ .scrolls {{ overflow: visible; }} }}
"""
