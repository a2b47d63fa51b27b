// A model's story: four pictures under each other on one time axis.
import { Box, Flex, HStack, Stack, Text, h, useDark, useMemo, useNavigate } from "./host.js";
import { Figure, Plot, palette } from "./plot.js";
import { to } from "./parts.js";
import { batch, count, many, moment, number, onClock, percent, zoneName } from "./words.js";

const MARGIN = { marginLeft: 56, marginRight: 14 };
const EVENTS = { promoted: ["triangle", "▲", "green"], rejected: ["times", "✕", "red"], "rolled back": ["triangle2", "▼", "purple"] };

/** `drift` is the map of columns, where it is known: it names what stands behind a batch's share. */
export function StoryFigure({ story, drift }) {
  const dark = useDark();
  const open = useNavigate();
  const data = useMemo(() => prepared(story, drift), [story, drift]);
  const colours = palette(dark);
  const watch = [data, dark];
  const opens = (datum) => datum.target && open(datum.target);
  const label = (what) => `${what} of ${story.model} over ${many(data.batches.length, "batch", "batches")}; the same numbers are in the tables below`;
  return h(Stack, { gap: 0 },
    h(Legend, { colours, data, metric: story.metric }),
    h(Figure, { draw: () => metricPlot(data, story, colours), label: label(story.metric), opens, watch }),
    h(Figure, { draw: (width) => lanePlot(data, colours, width), label: label("Decisions and changes of champion"), opens, watch }),
    h(Figure, { draw: () => driftPlot(data, colours), label: label("Share of drifted features"), opens, watch }),
    h(Figure, { draw: (width) => rowsPlot(data, colours, width), label: label("Rows and findings"), opens, watch }));
}

function prepared(story, drift) {
  const behind = Map.groupBy((drift?.cells ?? []).filter((one) => one.drifted), (one) => one.start);
  const batches = story.batches.map((one) => ({
    ...one, behind: (behind.get(one.start) ?? []).map((cell) => cell.column), x1: onClock(one.start), x2: onClock(one.end), x: middle(one.start, one.end), target: to.batch(story.model, one.start),
  }));
  const decisions = story.decisions.map((one) => ({ ...one, x: onClock(one.as_of), target: to.decision(story.model, one.id), retrain: one.verdict === "retrain" }));
  const events = story.events.map((one) => ({ ...one, x: onClock(one.as_of), target: to.version(story.model, one.version) }));
  const domain = batches.length > 0 ? [batches[0].x1, batches.at(-1).x2] : undefined;
  return { batches, decisions, events, domain, served: batches.filter((one) => one.metric !== null), sure: batches.filter((one) => one.interval !== null), estimated: batches.filter((one) => one.estimated !== null), baselines: baselines(events, domain) };
}

const middle = (start, end) => new Date((onClock(start).getTime() + onClock(end).getTime()) / 2);

/** The champion's value at its promotion, from then until the next change of champion. */
function baselines(events, domain) {
  const changes = events.filter((one) => one.kind !== "rejected" && one.baseline !== null);
  return changes.map((one, place) => ({ x1: one.x, x2: changes[place + 1]?.x ?? domain?.[1], y: one.baseline, version: one.version }));
}

const frame = (data, colours, height, rest) => ({
  ...MARGIN, height, style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
  x: { type: "utc", domain: data.domain, axis: null }, ...rest,
});

const tip = (colours, rest) => ({ fill: colours.paper, stroke: colours.quiet, fontSize: 12, lineWidth: 26, textPadding: 8, pointerSize: 8, ...rest });

const changes = (data, colours) =>
  Plot.ruleX(data.events, { x: "x", stroke: (one) => colours[EVENTS[one.kind][2]], strokeOpacity: 0.45, strokeDasharray: "2 3" });

const metricPlot = (data, story, colours) => frame(data, colours, 230, {
  marginTop: 24, marginBottom: 8,
  y: { label: `↑ ${story.metric}`, labelAnchor: "top", grid: true, nice: true, ticks: 5 },
  marks: [
    changes(data, colours),
    Plot.link(data.baselines, { x1: "x1", x2: "x2", y1: "y", y2: "y", stroke: colours.quiet, strokeDasharray: "5 4" }),
    Plot.ruleX(data.sure, { x: "x", y1: (one) => one.interval[0], y2: (one) => one.interval[1], stroke: colours.blue, strokeOpacity: 0.35, strokeWidth: 2.5 }),
    Plot.lineY(data.estimated, { x: "x", y: "estimated", stroke: colours.orange, strokeWidth: 1.4, strokeDasharray: "2 3", z: null }),
    Plot.lineY(data.served, { x: "x", y: "metric", stroke: colours.blue, strokeWidth: 1.8, z: null }),
    Plot.dot(data.served, { x: "x", y: "metric", fill: colours.blue, r: 2.6 }),
    Plot.tip(data.served, Plot.pointerX(tip(colours, { x: "x", y: "metric", title: (one) => batchTitle(one, story.metric) }))),
  ],
});

const NAMED = 6;
const some = (names) => (names.length > NAMED ? `${names.slice(0, NAMED).join(", ")} and ${count(names.length - NAMED)} more` : names.join(", "));

const batchTitle = (one, metric) => [
  `Batch ${batch(one.start, one.end)}`,
  one.metric !== null && `${metric} ${number(one.metric)}${one.interval ? `, between ${number(one.interval[0])} and ${number(one.interval[1])}` : ""} (version ${one.served_by}, ${many(one.labelled ?? 0, "label")} of ${many(one.rows, "row")})`,
  one.estimated !== null && `estimated without labels: ${number(one.estimated)}`,
  one.drift_share !== null && `${percent(one.drift_share)} of the features drifted${one.behind.length > 0 ? `: ${some(one.behind)}` : ""}`,
  one.stopped && "stopped: not used",
  one.quarantined > 0 && `${many(one.quarantined, "row")} set aside`,
  one.codes.length > 0 && `findings: ${one.codes.join(", ")}`,
].filter(Boolean).join("\n");

const LANES = ["decision", "champion"];

/** As large as wished, but not so that neighbours overlap. */
const radius = (wished, marks, width) => Math.max(1.2, Math.min(wished, (0.42 * (width - 70)) / Math.max(1, marks)));

const lanePlot = (data, colours, width) => frame(data, colours, 74, {
  marginTop: 8, marginBottom: 8,
  y: { domain: LANES, type: "point", label: null, tickSize: 0, padding: 0.6 },
  marks: [
    Plot.ruleY(LANES, { stroke: colours.faint }),
    Plot.dot(data.decisions, {
      x: "x", y: () => "decision", r: radius(4.2, data.decisions.length, width), stroke: (one) => (one.verdict === "cannot_tell" ? colours.orange : colours.ink), strokeWidth: 1.3,
      fill: (one) => (one.retrain ? colours.ink : colours.paper),
    }),
    Object.entries(EVENTS).map(([kind, [symbol, , colour]]) =>
      Plot.dot(data.events.filter((one) => one.kind === kind), {
        x: "x", y: () => "champion", symbol: symbol === "triangle2" ? "triangle" : symbol, rotate: symbol === "triangle2" ? 180 : 0,
        r: 5, stroke: colours[colour], strokeWidth: symbol === "times" ? 2 : 0, fill: symbol === "times" ? "none" : colours[colour],
      })),
    Plot.tip([...data.decisions.map((one) => ({ ...one, lane: "decision" })), ...data.events.map((one) => ({ ...one, lane: "champion" }))],
      Plot.pointer(tip(colours, { x: "x", y: "lane", title: (one) => (one.lane === "decision" ? decisionTitle(one) : eventTitle(one)) }))),
  ],
});

const decisionTitle = (one) => `${one.verdict.replace("_", " ")} · ${moment(one.as_of)}\n${one.sentence}`;
const eventTitle = (one) => `version ${one.version} ${one.kind} · ${moment(one.as_of)}\n${one.sentence}${one.actor ? `\nby ${one.actor}` : ""}`;

const driftPlot = (data, colours) => {
  const known = data.batches.filter((one) => one.drift_share !== null);
  return frame(data, colours, 92, {
    marginTop: 20, marginBottom: 8,
    y: { label: "↑ drifted features", labelAnchor: "top", domain: [0, 1], ticks: [0, 0.5, 1], tickFormat: (value) => `${100 * value} %`, grid: true },
    marks: [
      Plot.rectY(known, { x1: "x1", x2: "x2", y: "drift_share", fill: colours.orange, fillOpacity: 0.75, inset: 0.5 }),
      Plot.tip(known, Plot.pointerX(tip(colours, { x: "x", y: "drift_share", title: (one) => batchTitle(one, "") }))),
    ],
  });
};

const rowsPlot = (data, colours, width) => {
  const alarmed = data.batches.filter((one) => one.stopped || one.findings.error || one.findings.warning);
  return frame(data, colours, 128, {
    marginTop: 20, marginBottom: 34,
    x: { type: "utc", domain: data.domain, label: null, ticks: 6, axis: "bottom" },
    y: { label: "↑ rows, and findings on them", labelAnchor: "top", grid: true, ticks: 3, tickFormat: count },
    marks: [
      Plot.rectY(data.batches, { x1: "x1", x2: "x2", y1: "rows", y2: (one) => one.rows + one.quarantined, fill: colours.red, fillOpacity: 0.7, insetLeft: 0.5, insetRight: 0.5 }),
      Plot.rectY(data.batches, { x1: "x1", x2: "x2", y: "rows", fill: colours.quiet, fillOpacity: 0.75, inset: 0.5 }),
      Plot.dot(alarmed, { x: "x", y: 0, dy: -5, r: (one) => (one.stopped ? 4 : radius(2.6, data.batches.length, width)), symbol: (one) => (one.stopped ? "square" : "triangle"), fill: (one) => (one.stopped ? colours.red : colours.orange), stroke: colours.paper, strokeWidth: 0.8 }),
      Plot.ruleY([0], { stroke: colours.quiet }),
      Plot.tip(data.batches, Plot.pointerX(tip(colours, { x: "x", y: "rows", title: (one) => `${batchTitle(one, "")}\n${many(one.rows, "usable row")}` }))),
    ],
    symbol: { type: "identity" },
    r: { type: "identity" },
  });
};

const Legend = ({ colours, data, metric }) =>
  h(Flex, { "aria-label": "Legend", as: "ul", color: "fg.muted", columnGap: 4, fontSize: "xs", listStyleType: "none", rowGap: 1, wrap: "wrap" },
    [
      ["●", colours.blue, `${metric} of the version that served`], data.sure.length > 0 && ["┃", colours.blue, "its 95 % interval"], data.estimated.length > 0 && ["┈", colours.orange, "estimated without labels"], ["┄", colours.quiet, "at its promotion"],
      ["○", colours.ink, "decision: keep"], ["●", colours.ink, "decision: retrain"], ["○", colours.orange, "cannot tell"], ["▲", colours.green, "promoted"], ["✕", colours.red, "rejected"],
      ["▼", colours.purple, "rolled back"], ["▲", colours.orange, "warning"], ["■", colours.red, "stopped"], ["◷", colours.quiet, `times in ${zoneName()}`],
    ].filter(Boolean).map(([mark, colour, text]) => h(HStack, { as: "li", gap: 1.5, key: text }, h(Box, { "aria-hidden": true, as: "span", color: colour }, mark), text)));
