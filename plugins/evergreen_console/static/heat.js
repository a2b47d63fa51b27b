// Drift of columns over batches as a map: grey below the threshold, orange and red beyond.
import { Box, HStack, Stack, h, useDark, useNavigate } from "./host.js";
import { Figure, Plot, palette } from "./plot.js";
import { to } from "./parts.js";
import { batch, moment, number } from "./words.js";

const STEPS = [0.5, 1, 2];
const CELL = 17;

const shades = (dark) => (dark ? ["#1b2740", "#3b4b68", "#e69f00", "#ff7a45"] : ["#eef2f7", "#c3cedd", "#f0a830", "#c44e00"]);

export function HeatFigure({ model, map }) {
  const dark = useDark();
  const open = useNavigate();
  const range = shades(dark);
  const cells = map.cells.map((one) => ({ ...one, target: to.batch(model, one.start) }));
  return h(Stack, { gap: 2 },
    h(HStack, { "aria-label": "Legend", as: "ul", color: "fg.muted", columnGap: 4, fontSize: "xs", listStyleType: "none", wrap: "wrap" },
      ["far below the threshold", "below", "drifted", "twice the threshold and more"].map((text, place) =>
        h(HStack, { as: "li", gap: 1.5, key: text }, h(Box, { bg: range[place], borderRadius: "2px", height: 3, width: 3 }), text))),
    h(Figure, {
      draw: (width) => plot(cells, map, palette(dark), range, width), opens: (one) => open(one.target), watch: [map, dark],
      label: `Drift of ${map.columns.length} columns on ${map.windows.length} batches; every batch's page has the numbers`,
    }));
}

function plot(cells, map, colours, range, width) {
  const left = Math.min(170, Math.max(...map.columns.map((name) => name.length)) * 6.6 + 14);
  const every = Math.ceil(map.windows.length / Math.max(1, Math.floor((width - left) / 76)));
  const starts = map.windows.map((one) => one.start);
  return {
    height: map.columns.length * CELL + 44, marginLeft: left, marginBottom: 34, marginTop: 6, marginRight: 14, padding: 0.06,
    style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
    x: { type: "band", domain: starts, label: "batch →", tickFormat: (start) => moment(start).slice(0, 10), ticks: starts.filter((_, place) => place % every === 0), tickSize: 3 },
    y: { type: "band", domain: map.columns, label: null, tickSize: 0 },
    color: { type: "threshold", domain: STEPS, range },
    marks: [
      Plot.cell(cells.filter((one) => one.strength !== null), { x: "start", y: "column", fill: "strength", rx: 1.5 }),
      Plot.text(cells.filter((one) => one.strength === null), { x: "start", y: "column", text: () => "?", fill: colours.quiet }),
      Plot.tip(cells, Plot.pointer({ x: "start", y: "column", fill: colours.paper, stroke: colours.quiet, fontSize: 12, title: said })),
    ],
  };
}

const said = (one) =>
  [
    `${one.column} · batch ${batch(one.start, one.end)}`,
    one.value === null ? `not testable: ${one.note}` : `${one.method} ${number(one.value)}, threshold ${number(one.threshold)}${one.drifted ? ": drifted" : ""}`,
  ].join("\n");
