// Every column of a batch over the same column of the rows that the champion had learned from.
import { Badge, Box, HStack, SimpleGrid, Stack, Text, h, useDark, useState } from "./host.js";
import { Empty, Link, More, to } from "./parts.js";
import { Figure, Plot, palette } from "./plot.js";
import { count, number, percent } from "./words.js";

const FEW = 9;
const LONGEST = 16; // characters of a category's name

export const ShapesOf = ({ model, shapes, drift }) => (shapes.columns.length > 0
  ? h(All, { data: shapes, drift, model })
  : h(Empty, { title: "There is nothing to lay over it" }, shapes.missing));

function All({ data, drift, model }) {
  const [whole, setWhole] = useState(false);
  const dark = useDark();
  const colours = palette(dark);
  const verdicts = new Map(drift.map((one) => [one.column, one]));
  const ranked = data.columns.toSorted((one, other) => rank(verdicts.get(one.column)) - rank(verdicts.get(other.column)));
  const shown = whole ? ranked : ranked.slice(0, FEW);
  return h(Stack, { gap: 3 },
    h(HStack, { "aria-label": "Legend", as: "ul", color: "fg.muted", columnGap: 4, fontSize: "xs", listStyleType: "none", wrap: "wrap" },
      h(Key, { colour: colours.quiet }, "training rows of ", h(Link, { textDecoration: "underline", to: to.version(model, data.version) }, `version ${data.version}`)),
      h(Key, { colour: colours.blue }, "this batch"), h("li", null, "area: share of the values; columns that drifted come first")),
    h(SimpleGrid, { columns: { base: 1, sm: 2, xl: 3 }, gap: 4 },
      shown.map((one) => h(One, { colours, dark, key: one.column, shape: one, verdict: verdicts.get(one.column) }))),
    ranked.length > FEW && h(Box, null, h(More, { onClick: () => setWhole(!whole) }, whole ? "Show fewer" : `Show all ${count(ranked.length)} columns`)));
}

const rank = (verdict) => (verdict === undefined ? 2 : verdict.drifted ? 0 : 1);

const Key = ({ colour, children }) => h(HStack, { as: "li", gap: 1.5 }, h(Box, { bg: colour, borderRadius: "2px", height: 3, opacity: 0.6, width: 3 }), h("span", null, children));

const One = ({ colours, dark, shape, verdict }) =>
  h(Stack, { as: "figure", gap: 1, m: 0, minWidth: 0 },
    h(HStack, { as: "figcaption", gap: 2, wrap: "wrap" }, h(Text, { fontWeight: "medium", overflowWrap: "anywhere" }, shape.column),
      shape.of !== "numbers" && shape.of !== "categories" && h(Text, { color: "fg.muted", fontSize: "xs" }, OF[shape.of]),
      verdict?.drifted && h(Badge, { colorPalette: "orange", variant: "subtle" }, "≈ drifted")),
    h(Figure, { draw: (width) => (shape.of === "numbers" && shape.bars[0]?.label === null ? histogram(shape, colours) : bars(shape, colours, width)), label: `${shape.column}: ${said(shape)}`, watch: [shape, dark] }),
    h(Text, { color: "fg.muted", fontSize: "xs" }, said(shape)));

const OF = { hours: "by hour of the day, UTC", lengths: "by number of characters" };

/** What the picture shows, in words: means, and what is missing or beyond it. */
function said({ reference: past, current: now, beyond }) {
  const missing = (side) => (side.rows > 0 ? side.missing / side.rows : 0);
  return [
    past.mean !== null && now.mean !== null && `mean ${number(past.mean)} → ${number(now.mean)}, deviation ${number(past.deviation)} → ${number(now.deviation)}`,
    `missing ${percent(missing(past))} → ${percent(missing(now))}`,
    Math.max(...beyond) > 0.0005 && `beyond the picture ${percent(beyond[0])} → ${percent(beyond[1])}`,
    now.wrong > 0 && `${count(now.wrong)} of another type`,
  ].filter(Boolean).join("; ");
}

const base = (colours, rest) => ({ marginTop: 4, marginBottom: 22, marginLeft: 8, marginRight: 8, style: { background: "transparent", color: colours.quiet, fontSize: "10.5px", overflow: "visible" }, ...rest });

const histogram = ({ bars }, colours) => base(colours, {
  height: 110, x: { label: null, ticks: 4 }, y: { axis: null },
  marks: [
    Plot.rectY(bars, { x1: "low", x2: "high", y: (one) => one.reference / (one.high - one.low), fill: colours.quiet, fillOpacity: 0.45, inset: 0.3 }),
    Plot.rectY(bars, { x1: "low", x2: "high", y: (one) => one.current / (one.high - one.low), fill: colours.blue, fillOpacity: 0.5, inset: 0.3 }),
    Plot.ruleY([0], { stroke: colours.quiet }),
    Plot.tip(bars, Plot.pointerX({ x1: "low", x2: "high", y: (one) => Math.max(one.reference, one.current) / (one.high - one.low), fill: colours.paper, stroke: colours.quiet, title: (one) => `${number(one.low)} to ${number(one.high)}\ntraining rows ${percent(one.reference)}\nthis batch ${percent(one.current)}` })),
  ],
});

const bars = ({ bars: all }, colours) => base(colours, {
  height: Math.max(60, all.length * 15 + 26), marginLeft: 100, x: { label: null, percent: true, ticks: 3, tickFormat: (value) => `${value} %` },
  y: { label: null, domain: all.map((one) => one.label), tickFormat: (label) => (label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label), tickSize: 0 },
  marks: [
    Plot.barX(all, { x: "reference", y: "label", fill: colours.quiet, fillOpacity: 0.45, insetTop: 0.5, insetBottom: 0.5 }),
    Plot.barX(all, { x: "current", y: "label", fill: colours.blue, fillOpacity: 0.5, insetTop: 3, insetBottom: 3 }),
    Plot.tip(all, Plot.pointerY({ x: (one) => Math.max(one.reference, one.current), y: "label", fill: colours.paper, stroke: colours.quiet, title: (one) => `${one.label}\ntraining rows ${percent(one.reference)}\nthis batch ${percent(one.current)}` })),
  ],
});
