// Drift of columns over batches as a map of verdicts: coloured is what drifted, grey how near the rest came.
import { Box, HStack, Stack, h, useDark, useNavigate } from "./host.js";
import { Figure, Plot, palette } from "./plot.js";
import { to } from "./parts.js";
import { batch, moment, number, percent } from "./words.js";

const CELL = 17;
const KINDS = [
  ["far", "not drifted, below half the threshold"], ["near", "not drifted, below the threshold"],
  ["chance", "beyond the threshold, but no more than chance"], ["drifted", "drifted"], ["strongly", "drifted, twice the threshold and more"],
];

const shades = (dark) => (dark ? ["#1b2740", "#3b4b68", "#6f6a86", "#e69f00", "#ff7a45"] : ["#eef2f7", "#c3cedd", "#9d97b8", "#f0a830", "#c44e00"]);

function kindOf(one) {
  if (one.drifted) return one.strength >= 2 ? "strongly" : "drifted";
  if (one.strength >= 1) return "chance";
  return one.strength >= 0.5 ? "near" : "far";
}

export function HeatFigure({ model, map }) {
  const dark = useDark();
  const open = useNavigate();
  const range = shades(dark);
  const cells = map.cells.map((one) => ({ ...one, kind: kindOf(one), target: to.batch(model, one.start) }));
  return h(Stack, { gap: 2 },
    h(HStack, { "aria-label": "Legend", as: "ul", color: "fg.muted", columnGap: 4, fontSize: "xs", listStyleType: "none", rowGap: 1, wrap: "wrap" },
      KINDS.map(([kind, text], place) =>
        h(HStack, { as: "li", gap: 1.5, key: kind }, h(Box, { bg: range[place], borderRadius: "2px", height: 3, width: 3 }), text)),
      h("li", null, "? not testable")),
    h(Figure, {
      draw: (width) => plot(cells, map, palette(dark), range, width), opens: (one) => open(one.target), watch: [map, dark],
      label: `Drift of ${map.columns.length} columns on ${map.windows.length} batches; every batch's page has the numbers`,
    }));
}

function plot(cells, map, colours, range, width) {
  const named = (column) => (map.weights[column] === undefined ? column : `${column}  ${percent(map.weights[column])}`);
  const left = Math.min(width < 500 ? 130 : 210, Math.max(...map.columns.map((name) => named(name).length)) * 6.6 + 14);
  const every = Math.ceil(map.windows.length / Math.max(1, Math.floor((width - left) / 76)));
  const starts = map.windows.map((one) => one.start);
  const fits = Math.floor((left - 14) / 6.2);
  return {
    height: map.columns.length * CELL + 44, marginLeft: left, marginBottom: 34, marginTop: 6, marginRight: 14, padding: 0.06,
    style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
    x: { type: "band", domain: starts, label: "batch →", tickFormat: (start) => moment(start).slice(0, 10), ticks: starts.filter((_, place) => place % every === 0), tickSize: 3 },
    y: { type: "band", domain: map.columns, label: null, tickFormat: (column) => short(named(column), fits), tickSize: 0 },
    color: { type: "ordinal", domain: KINDS.map(([kind]) => kind), range },
    marks: [
      Plot.cell(cells.filter((one) => one.strength !== null || one.drifted), { x: "start", y: "column", fill: "kind", rx: 1.5 }),
      Plot.text(cells.filter((one) => one.strength === null && !one.drifted), { x: "start", y: "column", text: () => "?", fill: colours.quiet }),
      Plot.tip(cells, Plot.pointer({ x: "start", y: "column", fill: colours.paper, stroke: colours.quiet, fontSize: 12, title: said })),
    ],
  };
}

const short = (text, fits) => (text.length > fits ? `…${text.slice(1 - fits)}` : text);

const said = (one) =>
  [
    `${one.column} · batch ${batch(one.start, one.end)}`,
    one.value === null ? `not testable: ${one.note}` : `${one.drifted ? "drifted: " : ""}${one.method} ${number(one.value)}, threshold ${number(one.threshold)}`,
    one.interval && `interval ${number(one.interval[0])} to ${number(one.interval[1])}`,
    one.p_value !== null && `by chance alone with probability ${number(one.p_value, 2)}`,
    one.weight !== null && `the champion draws ${percent(one.weight)} on it`,
  ].filter(Boolean).join("\n");
