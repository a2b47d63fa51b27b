// One model: its story, drift, decisions, versions and spec.
import { Badge, Box, Button, HStack, RouterLink, SimpleGrid, Stack, Text, h, useParams, useState } from "./host.js";
import { get, ofModel, useAnswer } from "./api.js";
import { Audit } from "./audit.js";
import { HeatFigure } from "./heat.js";
import { LineageFigure } from "./lineage.js";
import { Answered, Block, Empty, Facts, Health, Link, More, Page, RIGHT, Rows, Section, Stage, Verdict, to } from "./parts.js";
import { Quality } from "./quality.js";
import { StoryFigure } from "./story.js";
import { ago, batch, count, moment, number, percent, signed } from "./words.js";

export function Model({ model: given }) {
  const named = useParams();
  const model = given ?? named.model;
  const head = useAnswer(ofModel(model));
  const row = head.data?.row;
  return h(Page, {
    crumbs: given ? [] : [["Models", to.models()]], title: model, note: row?.description,
    beside: row && h(HStack, { flex: 1, gap: 2, justify: "space-between", wrap: "wrap" }, h(Health, { word: row.health.word, size: "md" }), h(HStack, { gap: 2 }, head.data.dag && !given && h(Go, { target: to.dag(model) }, "DAG"), h(Go, { target: to.replays(model) }, "Replays"))),
  },
    h(Answered, { answer: head }, (data) => h(Standing, { data, model })),
    row && h(Body, { model, row }));
}

const Go = ({ target, children }) => h(Button, { asChild: true, size: "xs", variant: "outline" }, h(RouterLink, { to: target }, children));

const Standing = ({ data: { row, dag }, model }) =>
  h(Section, { title: "Where it stands" },
    h(Stack, { gap: 3 },
      h(Text, { fontSize: "sm" }, capital(row.health.reason)),
      h(Facts, { facts: [
        ["Champion", row.champion ? h(Link, { to: to.version(model, row.champion.version) }, `version ${row.champion.version}, since ${moment(row.champion.since)}`) : "none yet"],
        row.champion && ["Fitted on rows until", moment(row.champion.seen_until)],
        [`${row.metric}, newest batch with labels`, row.measured ? `${number(row.measured.value)} (${moment(row.measured.start)})` : "not measured yet"],
        row.champion && [`${row.metric} at promotion`, number(row.baseline)],
        ["Newest batch", row.newest ? h(Link, { to: to.batch(model, row.newest.start) }, batch(row.newest.start, row.newest.end)) : "none yet"],
        ["Last decision", row.decision ? h(Link, { to: to.decision(model, row.decision.id) }, `${row.decision.verdict.replace("_", " ")}, ${moment(row.decision.as_of)}`) : "none yet"],
        ["Next check", next(dag)],
        ["Problem, owner", `${row.problem}, ${row.owner}`],
      ] })));

function next(dag) {
  if (!dag) return "no DAG of this name";
  if (dag.paused) return "the DAG is paused";
  return dag.next_run ? `${ago(dag.next_run)} (${moment(dag.next_run)})` : "by hand";
}

function Body({ model, row }) {
  const [before, setBefore] = useState(null);
  const story = useAnswer(ofModel(model, "story"), { before });
  const drift = useAnswer(ofModel(model, "drift"), { before });
  const versions = useAnswer(ofModel(model, "versions"));
  const champion = useAnswer(row.champion ? ofModel(model, "versions", row.champion.version) : null);
  const spec = useAnswer(ofModel(model, "spec"));
  return h(Stack, { gap: 5 },
    h(Section, { title: "The story", beside: "hover explains, a click opens" },
      h(Answered, { answer: story, height: "30rem" }, (data) => data.batches.length > 0
        ? h(Stack, { gap: 2 }, h(StoryFigure, { drift: drift.data, story: data }), h(HStack, { gap: 2 },
            data.earlier && h(More, { onClick: () => setBefore(data.earlier) }, "Earlier batches"),
            before && h(More, { onClick: () => setBefore(null) }, "Latest batches")))
        : h(Empty, { title: "No batch has come in yet" }, `Unpause the DAG ${model}, or start a run of it: its first batch begins the story.`))),
    h(Section, { title: "Drift of columns", beside: drift.data && ordered(drift.data) },
      h(Answered, { answer: drift }, (data) => data.cells.length > 0
        ? h(HeatFigure, { map: data, model })
        : h(Empty, { title: "Nothing to compare with yet" }, "Drift is measured against the rows that the champion was trained on: it begins with the first batch after the first promotion."))),
    h(Section, { title: "Data quality", beside: "findings that are more than information" }, h(Answered, { answer: story }, (data) => h(Quality, { model, story: data }))),
    h(SimpleGrid, { columns: { base: 1, xl: 2 }, gap: 5 },
      h(Section, { title: "Decisions" }, h(Answered, { answer: story }, (data) => h(Decisions, { decisions: data.decisions, model }))),
      h(Section, { title: "Batches" }, h(Answered, { answer: story }, (data) => h(Batches, { batches: data.batches, metric: row.metric, model })))),
    h(Section, { title: "Versions" }, h(Answered, { answer: versions }, (data) => h(Versions, { first: data, metric: row.metric, model }))),
    row.champion && h(Section, { title: "Lineage of the champion", beside: "a click opens the batch or the decision" }, h(Answered, { answer: champion }, ({ page }) => h(LineageFigure, { model, page }))),
    h(Section, { title: "Spec", beside: spec.data && `as recorded ${moment(spec.data.changed_at)}` }, h(Answered, { answer: spec }, (data) => h(Spec, { spec: data }))),
    h(Section, { title: "Audit", beside: "the chain of custody: each event holds the digest of the one before" }, h(Audit, { model })));
}

/** What the order of the columns means, and how many of them there are. */
function ordered({ columns, of, weights }) {
  const order = Object.keys(weights).length > 0 ? "by how much the champion draws on each" : "the most drifting one first: weights are not on record";
  return of > columns.length ? `${columns.length} of ${of} columns, ${order}` : order;
}

const FEW = 8;

function useFew(all) {
  const [whole, setWhole] = useState(false);
  const newest = all.toReversed();
  const button = all.length > FEW && h(More, { onClick: () => setWhole(!whole) }, whole ? "Show fewer" : `Show all ${count(all.length)}`);
  return [whole ? newest : newest.slice(0, FEW), button];
}

function Decisions({ decisions, model }) {
  const [shown, button] = useFew(decisions);
  if (decisions.length === 0) return h(Empty, { title: "Nothing was decided yet" }, "Each batch that passes validation brings a decision.");
  return h(Box, null, h(Rows, { name: "Decisions", rows: shown, keyOf: (one) => one.id, columns: [
    ["Verdict", (one) => h(Verdict, { verdict: one.verdict })],
    ["As of", (one) => h(Link, { to: to.decision(model, one.id) }, moment(one.as_of)), { whiteSpace: "nowrap" }],
    ["Why", (one) => h(Text, { color: "fg.muted", fontSize: "xs", lineClamp: 2, title: one.sentence }, one.sentence)],
  ] }), button);
}

function Batches({ batches, metric, model }) {
  const [shown, button] = useFew(batches);
  if (batches.length === 0) return h(Empty, { title: "No batch yet" }, "The first run of the DAG brings one.");
  return h(Box, null, h(Rows, { name: "Batches", rows: shown, keyOf: (one) => `${one.start} ${one.end}`, columns: [
    ["Batch", (one) => h(Link, { to: to.batch(model, one.start) }, batch(one.start, one.end)), { whiteSpace: "nowrap" }],
    ["Rows", (one) => count(one.rows), RIGHT],
    ["Set aside", (one) => (one.quarantined ? count(one.quarantined) : ""), RIGHT],
    [metric, (one) => number(one.metric), RIGHT],
    ["Drifted", (one) => percent(one.drift_share), RIGHT],
    ["Findings", (one) => (one.stopped ? h(Badge, { colorPalette: "red" }, "stopped") : one.codes.join(", "))],
  ] }), button);
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function Versions({ first, metric, model }) {
  const [pages, setPages] = useState([first]);
  const all = pages.flatMap((one) => one.versions);
  const below = pages.at(-1).below;
  const more = () => get(ofModel(model, "versions"), { below }).then((page) => setPages((before) => [...before, page]));
  if (all.length === 0) return h(Empty, { title: "No version yet" }, "The first decision to retrain trains one, as soon as there are enough labelled rows.");
  return h(Box, null, h(Rows, { name: "Versions", rows: all, keyOf: (one) => one.version, columns: [
    ["Version", (one) => h(Link, { to: to.version(model, one.version) }, `version ${one.version}`), { whiteSpace: "nowrap" }],
    ["Stage", (one) => h(Stage, { stage: one.stage })],
    ["As of", (one) => moment(one.as_of), { whiteSpace: "nowrap" }],
    ["Rows", (one) => `${moment(one.trained_from).slice(0, 10)} – ${moment(one.seen_until).slice(0, 10)}`, { whiteSpace: "nowrap" }],
    [metric, (one) => number(one.metrics[metric]), RIGHT],
    ["Gain", (one) => signed(one.difference), RIGHT],
    ["Gate", (one) => h(Text, { color: "fg.muted", fontSize: "xs", lineClamp: 2, minWidth: "14rem", title: one.sentence }, one.sentence ?? "not judged yet")],
    ["Decision", (one) => h(Link, { to: to.decision(model, one.decision_id) }, "why"), { whiteSpace: "nowrap" }],
  ] }), below && h(More, { onClick: more }, "Earlier versions"));
}

function Spec({ spec }) {
  const [diff, setDiff] = useState(spec.diff.length > 0);
  return h(Stack, { gap: 2 },
    spec.diff.length > 0
      ? h(HStack, null, h(More, { onClick: () => setDiff(!diff) }, diff ? "Show the whole spec" : "Show the last change"))
      : h(Text, { color: "fg.muted", fontSize: "xs" }, "It has not changed since it was first recorded. Defaults are written out."),
    h(Block, { name: "Spec" }, diff ? spec.diff.map((line, place) => h(Box, { as: "span", color: COLOURS[line[0]] ?? "fg.muted", display: "block", key: place }, line || " ")) : spec.yaml));
}

const COLOURS = { "+": { base: "green.800", _dark: "green.300" }, "-": { base: "red.800", _dark: "red.300" } };
