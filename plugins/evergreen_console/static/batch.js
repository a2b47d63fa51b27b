// One batch: what came in, what was found, what was measured, what was decided.
import { Badge, Stack, Text, h, useParams, useState } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Answered, Empty, Facts, Link, Mono, More, Page, RIGHT, Rows, RunLink, Section, Severity, Verdict, to } from "./parts.js";
import { Report } from "./report.js";
import { ShapesOf } from "./shapes.js";
import { batch, count, moment, number, short } from "./words.js";

export function Batch() {
  const { model, start } = useParams();
  const answer = useAnswer(ofModel(model, "batches", start));
  const data = answer.data?.page;
  return h(Page, {
    crumbs: [["Models", to.models()], [model, to.model(model)]], title: data ? `Batch ${batch(data.window.start, data.window.end)}` : "Batch",
    beside: data && h(State, { data }),
  }, h(Answered, { answer, height: "24rem" }, ({ page, run, shapes }) => h(Told, { data: page, done: answer.reload, model, run, shapes })));
}

function State({ data }) {
  if (data.passed === null) return h(Badge, { colorPalette: "red", variant: "subtle" }, data.snapshots.length > 0 ? "not validated" : "stopped before it had rows");
  return data.passed ? h(Badge, { colorPalette: "green", variant: "subtle" }, "usable") : h(Badge, { colorPalette: "red", variant: "subtle" }, "stopped");
}

const Told = ({ data, done, model, run, shapes }) =>
  h(Stack, { gap: 4 },
    h(Section, { title: "What came in" }, h(Facts, { facts: [
      ["From, until before", `${moment(data.window.start)} – ${moment(data.window.end)}`],
      ["Usable rows", count(data.rows_kept)],
      ["Rows set aside", count(data.rows_quarantined)],
      ["Run in Airflow", h(RunLink, { run })],
      ...data.decisions.map((one) => ["Decision", h(Link, { to: to.decision(model, one.id) }, h(Verdict, { verdict: one.verdict }))]),
    ] })),
    h(Section, { title: "Findings", beside: data.findings.length > 0 && count(data.findings.length) }, h(Findings, { findings: data.findings })),
    data.has_quarantine && h(Section, { title: "Rows set aside" }, h(SetAside, { model, start: data.window.start, total: data.rows_quarantined })),
    h(Section, { title: "Performance", beside: "on the rows whose labels have arrived" }, h(Metrics, { metrics: data.metrics, model })),
    h(Section, { title: "Drift", beside: "drifted: beyond the threshold, and by more than chance" }, h(Drift, { cells: [...data.other_drift.map((one) => ({ ...one, column: `${one.column} (not a feature)` })), ...data.columns] })),
    h(Section, { title: "Profile", beside: "each column over the same of the rows that the champion had learned from" }, h(ShapesOf, { drift: data.columns, model, shapes })),
    h(Section, { title: "Evidently's report" }, h(Report, { built: data.report_sha256 !== null, done, model, possible: data.columns.length > 0, start: data.window.start })),
    h(Section, { title: "Snapshots", beside: "a later one of the same kind replaces the one before" }, h(Snapshots, { snapshots: data.snapshots })));

const Findings = ({ findings }) =>
  findings.length === 0
    ? h(Text, { color: "fg.muted" }, "Nothing was noticed.")
    : h(Rows, { name: "Findings", rows: findings, columns: [
        ["Severity", (one) => h(Severity, { severity: one.severity })],
        ["Code", (one) => one.code],
        ["About", (one) => one.subject],
        ["Seen", (one) => h(Text, { lineClamp: 3, title: one.seen, minWidth: "10rem" }, one.seen)],
        ["Expected", (one) => one.expected],
        ["Rows", (one) => (one.rows ? count(one.rows) : ""), RIGHT],
        ["What to do", (one) => h(Text, { color: "fg.muted", minWidth: "14rem" }, one.remedy)],
      ] });

function SetAside({ model, start, total }) {
  const [shown, setShown] = useState(false);
  const answer = useAnswer(shown ? ofModel(model, "batches", start, "quarantine") : null);
  if (!shown) return h(More, { onClick: () => setShown(true) }, `Show the first ${Math.min(total, 100)} of ${count(total)}`);
  return h(Answered, { answer }, (data) =>
    h(Rows, { name: "Rows set aside", rows: data.rows, columns: data.columns.map((name, place) => [name === "_reason" ? "why" : name, (row) => row[place] ?? h(Text, { color: "fg.muted" }, "no value"), { fontSize: "xs", whiteSpace: "nowrap" }]) }));
}

const Metrics = ({ metrics, model }) =>
  metrics.length === 0
    ? h(Empty, { title: "Not measured yet" }, "Labels have not arrived, or no champion scored this batch.")
    : h(Rows, { name: "Metrics", rows: metrics, keyOf: (one) => `${one.version} ${one.name}`, columns: [
        ["Metric", (one) => one.name],
        ["Version", (one) => h(Link, { to: to.version(model, one.version) }, `version ${one.version}`), { whiteSpace: "nowrap" }],
        ["In the role", (one) => one.role],
        ["Value", (one) => (one.value === null ? one.note : number(one.value, 4)), RIGHT],
        ["95 % interval", (one) => (one.interval ? `${number(one.interval[0])} to ${number(one.interval[1])}` : "–"), RIGHT],
        ["Labelled rows", (one) => count(one.rows), RIGHT],
      ] });

const Drift = ({ cells }) =>
  cells.length === 0
    ? h(Empty, { title: "Not measured" }, "There was no champion yet whose training rows it could be compared with, or the batch was stopped.")
    : h(Rows, { name: "Drift", rows: cells, keyOf: (one) => one.column, columns: [
        ["Column", (one) => one.column],
        ["Drifted", (one) => (one.value === null ? h(Badge, { variant: "subtle" }, "not testable") : one.drifted ? h(Badge, { colorPalette: "orange", variant: "subtle" }, "≈ drifted") : "no")],
        ["Measure", (one) => one.method],
        ["Value", (one) => number(one.value), RIGHT],
        ["Interval", (one) => (one.interval ? `${number(one.interval[0])} to ${number(one.interval[1])}` : "–"), RIGHT],
        ["Chance alone", (one) => (one.p_value === null ? "–" : number(one.p_value, 2)), RIGHT],
        ["Threshold", (one) => number(one.threshold), RIGHT],
        ["Note", (one) => one.note],
      ] });

const Snapshots = ({ snapshots }) =>
  h(Rows, { name: "Snapshots", rows: snapshots, keyOf: (one) => one.id, columns: [
    ["What", (one) => one.role],
    ["Known as of", (one) => moment(one.as_of), { whiteSpace: "nowrap" }],
    ["Rows", (one) => count(one.rows), RIGHT],
    ["SHA-256", (one) => h(Mono, { title: one.sha256 }, short(one.sha256, 24))],
    ["Source", (one) => one.source],
    ["Written", (one) => moment(one.created_at), { whiteSpace: "nowrap" }],
  ] });
