// A version beside the champion of its verdict, or beside any other one.
import { Box, HStack, NativeSelect, Stack, Text, h, useDark, useState } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Answered, Labelled, Link, RIGHT, Rows, to } from "./parts.js";
import { Figure, Plot, palette } from "./plot.js";
import { count, many, moment, number, onClock, signed } from "./words.js";

export function Compare({ model, page, metric }) {
  const [other, setOther] = useState(null);
  const answer = useAnswer(ofModel(model, "versions", page.version.version, "compared"), { other });
  return h(Answered, { answer }, ({ both, others, theirs }) => {
    if (others.length === 0) return h(Text, { color: "fg.muted" }, "There is no other version yet.");
    const wanted = other ?? theirs?.version.version;
    return h(Stack, { gap: 3 },
      h(Labelled, { label: "Compare with", width: "14rem" }, h(NativeSelect.Root, { size: "sm" }, h(NativeSelect.Field, { onChange: (event) => setOther(Number(event.target.value)), value: wanted ?? "" },
        wanted === undefined && h("option", { value: "" }, "choose a version"),
        others.map((one) => h("option", { key: one.version, value: one.version }, `version ${one.version} (${one.stage})`))), h(NativeSelect.Indicator))),
      theirs && h(Stack, { gap: 4 }, h(HeldOut, { metric, mine: page, model, theirs }), h(Both, { data: both })));
  });
}

/** Metrics of both on held-out rows: the same ones, if one was judged against the other, else each on its own. */
function HeldOut({ mine, theirs, metric, model }) {
  const [a, b] = [mine.version.version, theirs.version.version];
  const paired = mine.gate?.champion === b ? [mine.gate, "challenger", "champion"] : theirs.gate?.champion === a ? [theirs.gate, "champion", "challenger"] : null;
  const [left, right] = paired ? [paired[0].metrics[paired[1]], paired[0].metrics[paired[2]]] : [mine.gate?.metrics.challenger, theirs.gate?.metrics.challenger];
  if (!left || !right) return h(Text, { color: "fg.muted" }, "One of the two was never judged, so that no metrics of it on held-out rows are on record.");
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  const intervals = [mine, theirs].map((one) => one.gate?.evidence.intervals ?? {});
  const ours = (place) => !paired || paired[0] === [mine, theirs][place].gate;
  const cell = (values, place) => (name) => h(Box, null, number(values[name], 4), ours(place) && intervals[place][name] && h(Text, { as: "span", color: "fg.muted", fontSize: "xs" }, ` (${number(intervals[place][name][0])} to ${number(intervals[place][name][1])})`));
  return h(Stack, { gap: 2 },
    h(Text, { color: "fg.muted", fontSize: "sm" }, paired
      ? `On the same ${many(paired[0].rows, "held-out row")}; intervals, at the gate's confidence, where the verdict has them.`
      : "Each on the rows that it was judged on, which are not the same: a difference may be one of the rows. Batches that both scored are below."),
    h(Rows, { name: "Metrics of both", rows: names, keyOf: (name) => name, columns: [
      ["Metric", (name) => h(Text, { fontWeight: name === metric ? "semibold" : "normal" }, name)],
      [`Version ${a}`, cell(left, 0), RIGHT],
      [`Version ${b}`, cell(right, 1), RIGHT],
      ["Difference", (name) => (paired && left[name] !== undefined && right[name] !== undefined ? signed(left[name] - right[name]) : "–"), RIGHT],
    ] }),
    h(HStack, null, h(Link, { to: to.version(model, b) }, `All about version ${b}`)));
}

function Both({ data }) {
  const dark = useDark();
  const colours = palette(dark);
  if (data.batches.length === 0) return h(Text, { color: "fg.muted" }, "No batch was scored by both: neither went along in the shadow while the other served.");
  const points = data.batches.flatMap((one) => [{ ...one, x: onClock(one.start), value: one.first, who: `version ${data.first}` }, { ...one, x: onClock(one.start), value: one.second, who: `version ${data.second}` }]);
  const mean = data.batches.reduce((sum, one) => sum + one.first - one.second, 0) / data.batches.length;
  const label = `${data.metric} of both on ${many(data.batches.length, "batch", "batches")} that both scored; on average version ${data.first} is ${signed(mean)} apart`;
  return h(Stack, { gap: 1 }, h(Text, { fontSize: "sm" }, label, "."),
    h(Figure, { label, watch: [data, dark], draw: () => ({
      height: 170, marginLeft: 52, marginTop: 22, marginBottom: 30, style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
      x: { type: "utc", label: null, ticks: 5 }, y: { grid: true, label: `↑ ${data.metric}`, labelAnchor: "top", ticks: 4 },
      color: { domain: [`version ${data.first}`, `version ${data.second}`], legend: true, range: [colours.blue, colours.orange] },
      marks: [Plot.line(points, { x: "x", y: "value", stroke: "who" }), Plot.dot(points, { x: "x", y: "value", fill: "who", r: 3 }),
        Plot.tip(points, Plot.pointer({ x: "x", y: "value", fill: colours.paper, stroke: colours.quiet, title: (one) => `${one.who}: ${number(one.value)}\nbatch of ${moment(one.start)}, ${count(one.rows)} labelled rows` }))],
    }) }));
}
