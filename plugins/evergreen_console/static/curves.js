// Calibration, ROC and precision against recall, or residuals: on the rows that the version was judged on.
import { SimpleGrid, Stack, Text, h, useDark } from "./host.js";
import { Empty } from "./parts.js";
import { Figure, Plot, palette } from "./plot.js";
import { count, number, percent } from "./words.js";

export function Curves({ gate }) {
  const found = gate.evidence.curves;
  if (!found) return h(Empty, { title: "Not on record" }, "The points of these curves are kept with a verdict. This one was given by an older version of Evergreen, or on several targets at once.");
  const pictures = [
    found.reliability && ["Calibration of the predicted label", reliability(found.reliability)],
    found.roc && [`ROC of ${found.positive}`, roc(found.roc)],
    found.precision_recall && [`Precision and recall of ${found.positive}`, precision(found.precision_recall, found.share)],
    found.residuals?.length > 0 && ["Residuals: prediction minus truth", residuals(found.residuals)],
    found.residuals_by_prediction && ["Residuals by size of the prediction", bySize(found.residuals_by_prediction)],
  ].filter(Boolean);
  return h(SimpleGrid, { columns: { base: 1, md: pictures.length }, gap: 5 }, pictures.map(([title, draw]) => h(One, { draw, key: title, title })));
}

function One({ title, draw }) {
  const dark = useDark();
  return h(Stack, { as: "figure", gap: 1, m: 0, minWidth: 0 }, h(Text, { as: "figcaption", fontWeight: "medium" }, title),
    h(Figure, { draw: (width) => draw(palette(dark), width), label: title, watch: [title, dark] }));
}

const base = (colours, rest) => ({ height: 240, marginLeft: 46, marginBottom: 36, marginTop: 22, marginRight: 24, style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" }, ...rest });
const share = (label, anchor) => ({ domain: [0, 1], grid: true, label, labelAnchor: anchor, ticks: 5, tickFormat: (value) => `${Math.round(100 * value)} %` });
const diagonal = (colours) => Plot.link([{}], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: colours.quiet, strokeDasharray: "4 3" });
const tip = (colours, title, rest) => Plot.pointer({ fill: colours.paper, stroke: colours.quiet, title, ...rest });

const reliability = (bins) => (colours) => base(colours, {
  x: share("probability given to the label →"), y: share("↑ right", "top"),
  marks: [diagonal(colours), Plot.line(bins, { x: "0", y: "1", stroke: colours.blue }), Plot.dot(bins, { x: "0", y: "1", fill: colours.blue, r: 3.5 }),
    Plot.tip(bins, tip(colours, ([sure, right, rows]) => `given ${percent(sure)}, right ${percent(right)}\n${count(rows)} rows`, { x: "0", y: "1" }))],
});

const roc = (points) => (colours) => base(colours, {
  x: share("false positive rate →"), y: share("↑ true positive rate", "top"),
  marks: [diagonal(colours), Plot.line(points, { x: "0", y: "1", stroke: colours.blue, strokeWidth: 1.8 }),
    Plot.tip(points, tip(colours, ([x, y]) => `finds ${percent(y)}\nof the others takes ${percent(x)}`, { x: "0", y: "1" }))],
});

const precision = (points, base_rate) => (colours) => base(colours, {
  x: share("recall →"), y: share("↑ precision", "top"),
  marks: [Plot.ruleY([base_rate], { stroke: colours.quiet, strokeDasharray: "4 3" }), Plot.line(points, { x: "0", y: "1", stroke: colours.blue, strokeWidth: 1.8 }),
    Plot.tip(points, tip(colours, ([x, y]) => `finds ${percent(x)}\nright in ${percent(y)}`, { x: "0", y: "1" }))],
});

const residuals = (bars) => (colours) => base(colours, {
  x: { label: "residual, in units of the target →", ticks: 5 }, y: { grid: true, label: "↑ rows", labelAnchor: "top", ticks: 4 },
  marks: [Plot.rectY(bars, { x1: "0", x2: "1", y: "2", fill: colours.blue, fillOpacity: 0.6, inset: 0.3 }), Plot.ruleX([0], { stroke: colours.quiet, strokeDasharray: "4 3" }),
    Plot.tip(bars, Plot.pointerX({ x1: "0", x2: "1", y: "2", fill: colours.paper, stroke: colours.quiet, title: ([low, high, rows]) => `${number(low)} to ${number(high)}\n${count(rows)} rows` }))],
});

const bySize = (bins) => (colours) => base(colours, {
  x: { label: "prediction →", ticks: 5 }, y: { grid: true, label: "↑ residual: median, middle 80 %", labelAnchor: "top", ticks: 5 },
  marks: [Plot.ruleY([0], { stroke: colours.quiet, strokeDasharray: "4 3" }), Plot.ruleX(bins, { x: "0", y1: "1", y2: "3", stroke: colours.blue, strokeOpacity: 0.5, strokeWidth: 3 }), Plot.dot(bins, { x: "0", y: "2", fill: colours.blue, r: 3.5 }),
    Plot.tip(bins, tip(colours, ([at, low, middle, high]) => `prediction ${number(at)}\nresidual ${number(middle)} (${number(low)} to ${number(high)})`, { x: "0", y: "2" }))],
});
