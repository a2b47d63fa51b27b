// How much a version draws on each feature.
import { h, useDark } from "./host.js";
import { Empty } from "./parts.js";
import { Figure, Plot, palette } from "./plot.js";
import { count, percent } from "./words.js";

const MOST = 20;

export function Importance({ shares }) {
  const dark = useDark();
  const colours = palette(dark);
  const all = Object.entries(shares ?? {}).map(([name, share]) => ({ name, share })).toSorted((one, other) => other.share - one.share);
  if (all.length === 0) return h(Empty, { title: "Not on record" }, "It is measured at training, unless there are too many features; versions of older releases have none.");
  const shown = all.slice(0, MOST);
  return h(Figure, {
    label: `How far predictions move when a feature is shuffled, as a share: ${shown.slice(0, 3).map((one) => `${one.name} ${percent(one.share)}`).join(", ")}${all.length > 3 ? ` and ${count(all.length - 3)} more` : ""}`, watch: [shares, dark],
    draw: (width) => ({
      height: shown.length * 17 + 40, marginLeft: Math.min(width / 2.5, Math.max(...shown.map((one) => one.name.length)) * 6.4 + 12), marginBottom: 34, marginTop: 4, marginRight: 40,
      style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
      x: { grid: true, label: "share of what moves the predictions →", ticks: Math.max(2, Math.floor(width / 160)), tickFormat: (value) => percent(value) }, y: { domain: shown.map((one) => one.name), label: null, tickSize: 0 },
      marks: [Plot.barX(shown, { x: "share", y: "name", fill: colours.blue, fillOpacity: 0.7, insetTop: 1, insetBottom: 1 }), Plot.text(shown, { x: "share", y: "name", dx: 4, text: (one) => percent(one.share), textAnchor: "start", fill: colours.ink })],
    }),
  });
}
