// The gain over the champion with its interval: right of zero is better.
import { h, useDark } from "./host.js";
import { Figure, Plot, palette } from "./plot.js";
import { number, signed } from "./words.js";

export function IntervalFigure({ gate, metric }) {
  const dark = useDark();
  const [low, high] = gate.interval;
  const colours = palette(dark);
  const colour = low > 0 ? colours.green : high < 0 ? colours.red : colours.blue;
  const edge = 1.25 * Math.max(Math.abs(low), Math.abs(high));
  return h(Figure, {
    label: `Gain ${signed(gate.difference)} in ${metric}, 95 % interval ${signed(low)} to ${signed(high)}`, watch: [gate, dark, metric],
    draw: () => ({
      height: 84, marginLeft: 14, marginRight: 14, marginTop: 22, marginBottom: 34,
      style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
      x: { domain: [-edge, edge], label: `gain in ${metric ?? "the primary metric"}, 95 % interval →`, ticks: 7, tickFormat: signed },
      y: { axis: null, domain: [0], type: "point" },
      marks: [
        Plot.ruleX([0], { stroke: colours.quiet, strokeDasharray: "3 3" }),
        Plot.link([{}], { x1: low, x2: high, y1: () => 0, y2: () => 0, stroke: colour, strokeWidth: 5, strokeLinecap: "round", strokeOpacity: 0.55 }),
        Plot.dot([{}], { x: () => gate.difference, y: () => 0, fill: colour, r: 6 }),
        Plot.text([{}], { x: () => gate.difference, y: () => 0, dy: -15, text: () => signed(gate.difference), fill: colours.ink, fontSize: 12 }),
        Plot.tip([{}], Plot.pointer({ x: () => gate.difference, y: () => 0, fill: colours.paper, stroke: colours.quiet, title: () => `${number(gate.difference)} (${number(low)} to ${number(high)})` })),
      ],
    }),
  });
}
