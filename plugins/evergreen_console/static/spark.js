// A small curve in a line of a table: the last values and, dashed, what they are measured against.
import { h } from "./host.js";
import { number } from "./words.js";

const WIDTH = 120;
const HEIGHT = 28;
const EDGE = 3;

export function Spark({ values, baseline, name }) {
  const known = values.filter((one) => one.value !== null);
  if (known.length < 2) return null;
  const all = [...known.map((one) => one.value), ...(baseline === null ? [] : [baseline])];
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  const x = (place) => EDGE + (place * (WIDTH - 2 * EDGE)) / (known.length - 1);
  const y = (value) => HEIGHT - EDGE - ((value - low) * (HEIGHT - 2 * EDGE)) / span;
  const points = known.map((one, place) => `${x(place).toFixed(1)},${y(one.value).toFixed(1)}`);
  const last = known.at(-1).value;
  const label = `${name} over ${known.length} batches, last ${number(last)}${baseline === null ? "" : `, at promotion ${number(baseline)}`}`;
  return h("svg", { "aria-label": label, height: HEIGHT, role: "img", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH },
    baseline !== null && h("line", { stroke: "var(--chakra-colors-fg-subtle)", strokeDasharray: "3 3", x1: EDGE, x2: WIDTH - EDGE, y1: y(baseline), y2: y(baseline) }),
    h("polyline", { fill: "none", points: points.join(" "), stroke: "var(--chakra-colors-fg-info)", strokeLinejoin: "round", strokeWidth: 1.5 }),
    h("circle", { cx: x(known.length - 1), cy: y(last), fill: "var(--chakra-colors-fg-info)", r: 2.4 }));
}
