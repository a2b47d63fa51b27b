// Where a version came from, as a graph: snapshots, the rows of them, the version, the times it served.
import { h, useDark, useNavigate } from "./host.js";
import { Figure, Plot, palette } from "./plot.js";
import { to } from "./parts.js";
import { batch, count, many, moment, short } from "./words.js";

const HEIGHT = 240;
const NARROW = 640;
const ROWS = 10;

export function LineageFigure({ model, page }) {
  const dark = useDark();
  const open = useNavigate();
  const { version, snapshots } = page;
  const label = `Lineage of version ${version.version}: ${many(snapshots.length, "snapshot")}, ${count(version.manifest.rows)} rows, decision and spec; the table below lists the snapshots`;
  return h(Figure, { draw: (width) => plot(model, page, palette(dark), width), label, opens: (one) => one.target && open(one.target), watch: [page, dark] });
}

function plot(model, page, colours, width) {
  const columns = Math.max(4, Math.min(Math.ceil(page.snapshots.length / ROWS), Math.floor((width < NARROW ? width * 0.26 : width * 0.24) / 9)));
  const shown = page.snapshots.slice(-columns * ROWS);
  const dots = shown.map((one, place) => ({ ...one, x: 0.015 + (Math.floor(place / ROWS) * 9) / width, y: 0.14 + (place % ROWS) * 0.052, target: to.batch(model, one.start), title: `snapshot ${one.id}, ${one.role}\nbatch ${batch(one.start, one.end)}\n${many(one.rows, "row")}\n${short(one.sha256, 16)}\nof ${one.source}` }));
  const nodes = nodesOf(model, page, width < NARROW);
  const place = Object.fromEntries(nodes.map((one) => [one.id, one]));
  const last = Math.max(...dots.map((one) => one.x), 0.02) + 0.012;
  const edges = [
    dots.length > 0 && { x1: last, y1: 0.38, x2: place.rows.x - 0.012, y2: place.rows.y },
    ...[["rows", "version"], ["decision", "version"], ["spec", "version"], ["code", "version"], ...page.served.map((one) => ["version", `served ${one.generation}`])]
      .filter(([from, into]) => place[from] && place[into]).map(([from, into]) => edge(place[from], place[into])),
  ].filter(Boolean);
  const told = shown.length < page.snapshots.length ? `the newest ${count(shown.length)} of ${many(page.snapshots.length, "snapshot")}` : many(shown.length, "snapshot");
  return {
    height: HEIGHT, margin: 8, width, style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
    x: { axis: null, domain: [0, 1] }, y: { axis: null, domain: [1, 0] }, symbol: { type: "identity" },
    marks: [
      Plot.arrow(edges, { x1: "x1", y1: "y1", x2: "x2", y2: "y2", stroke: colours.quiet, strokeWidth: 1.2, headLength: 6 }),
      Plot.text([told], { x: 0.01, y: 0.06, text: (one) => one, textAnchor: "start", fill: colours.ink }),
      Plot.dot(dots, { x: "x", y: "y", r: 3, symbol: "square", fill: (one) => (one.role === "rows" ? colours.blue : colours.orange), fillOpacity: 0.8 }),
      Plot.dot(nodes, { x: "x", y: "y", r: 5, fill: (one) => colours[one.colour] }),
      Plot.text(nodes.filter((one) => !one.below), { x: "x", y: "y", dy: -13, text: "name", fill: colours.ink }),
      Plot.text(nodes.filter((one) => !one.below), { x: "x", y: "y", dy: 10, lineAnchor: "top", text: "more", fill: colours.quiet }),
      Plot.text(nodes.filter((one) => one.below), { x: "x", y: "y", dy: 10, lineAnchor: "top", lineHeight: 1.3, text: (one) => `${one.name}\n${one.more}`, fill: colours.ink }),
      Plot.tip([...dots, ...nodes], Plot.pointer({ x: "x", y: "y", fill: colours.paper, stroke: colours.quiet, title: "title" })),
    ],
  };
}

/** From side to side, or from a node below to under the text of the one above it. */
const edge = (from, into) =>
  from.below
    ? { x1: from.x, y1: from.y - 0.05, x2: into.x + 0.15 * (from.x - into.x), y2: into.y + 0.15 }
    : { x1: from.x + 0.012, y1: from.y, x2: into.x - 0.012, y2: into.y };

function nodesOf(model, { version, served }, narrow) {
  const { manifest } = version;
  const into = served.slice(-3);
  return [
    { id: "rows", x: 0.43, y: 0.38, colour: "blue", name: `${count(manifest.rows)} rows`, more: narrow ? "" : short(manifest.rows_sha256 ?? "", 10), title: `labelled rows, as one table\n${moment(version.trained_from)} – ${moment(version.trained_until)}\n${manifest.rows_sha256 ?? "digest not on record"}` },
    { id: "version", x: 0.68, y: 0.38, colour: "green", name: `version ${version.version}`, more: narrow ? "" : short(version.refit_sha256 ?? version.model_sha256, 10), title: `${manifest.estimator ?? "estimator"}\n${version.refit_sha256 ?? version.model_sha256}` },
    { id: "decision", below: true, x: 0.43, y: 0.8, colour: "ink", name: "decision", more: "", target: to.decision(model, version.run_key), title: `why it was trained\n${version.run_key}` },
    manifest.spec_sha256 && { id: "spec", below: true, x: 0.6, y: 0.8, colour: "quiet", name: "spec", more: narrow ? "" : short(manifest.spec_sha256, 8), title: `the spec of then\n${manifest.spec_sha256}` },
    manifest.code_version && { id: "code", below: true, x: 0.78, y: 0.8, colour: "quiet", name: "code", more: narrow ? "" : short(String(manifest.code_version), 14), title: `code ${manifest.code_version}` },
    ...into.map((one, place) => ({ id: `served ${one.generation}`, x: narrow ? 0.9 : 0.92, y: 0.38 + 0.24 * (place - (into.length - 1) / 2), colour: "purple", name: "champion", more: moment(one.as_of).slice(0, 10), title: `${one.act}, ${moment(one.as_of)}\n${one.reason}` })),
  ].filter(Boolean);
}
