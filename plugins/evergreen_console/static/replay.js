// Replays: what other policies would have done over a model's past, and the form that starts one.
import { Badge, Button, Flex, HStack, Input, Stack, Text, h, useDark, useParams, useState } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { names } from "./labels.js";
import { Answered, Block, Empty, Facts, Failed, Labelled, Link, Page, Rows, Section, to } from "./parts.js";
import { Figure, Plot, palette } from "./plot.js";
import { Progress, useRun } from "./run.js";
import { count, moment, number, percent } from "./words.js";

const DAG = "evergreen.replay";
export function Replays() {
  const { model } = useParams();
  const answer = useAnswer(ofModel(model, "replays"));
  return h(Page, { crumbs: [["Models", to.models()], [model, to.model(model)]], title: "Replays",
    note: "Policies played over the model's own past, by the code that decides in production. Nothing is switched on by looking." },
    h(Section, { title: "Start a replay" }, h(Form, { model, done: answer.reload })),
    h(Section, { title: "Replays on record" }, h(Answered, { answer }, (lines) => lines.length === 0
      ? h(Empty, { title: "None yet" }, "Start one above. It trains what any of the policies would have trained, once; the next one over the same past takes moments.")
      : h(Rows, { name: "Replays", rows: lines, keyOf: (one) => one.id, columns: [
          ["Played", (one) => h(Link, { to: to.replay(model, one.id) }, `${moment(one.start)} – ${moment(one.end)}`), { whiteSpace: "nowrap" }],
          ["Advice", (one) => h(HStack, { gap: 2 }, h(Badge, { colorPalette: one.change ? "blue" : "gray", variant: "subtle" }, one.change ? `change to ${one.policy}` : "stay"))],
          ["Why", (one) => h(Text, { color: "fg.muted", fontSize: "xs" }, one.sentence)],
          ["By", (one) => one.actor],
          ["Recorded", (one) => moment(one.created_at), { whiteSpace: "nowrap" }],
        ] }))));
}

function Form({ model, done }) {
  const [asked, setAsked] = useState({ start: "", end: "", error: "", training: "" });
  const { run, running, error, start: begin } = useRun(DAG, done);
  const start = (event) => {
    event.preventDefault();
    begin(conf(model, asked));
  };
  const field = (name, label, rest) => h(Labelled, { label, width: "11rem" }, h(Input, { onChange: (event) => setAsked({ ...asked, [name]: event.target.value }), size: "sm", value: asked[name], ...rest }));
  return h(Stack, { as: "form", gap: 3, onSubmit: start },
    h(Flex, { align: "end", gap: 3, wrap: "wrap" },
      field("start", "From, UTC (empty: first)", { type: "date" }), field("end", "Until, UTC (empty: newest)", { type: "date" }),
      field("error", "Cost of an error", { min: 0, placeholder: "as in the spec", step: "any", type: "number" }),
      field("training", "Cost of a retraining", { min: 0, placeholder: "as in the spec", step: "any", type: "number" }),
      h(Button, { disabled: running, loading: running, size: "sm", type: "submit" }, "Start replay")),
    run && h(Progress, { dag: DAG, run, what: "The replay" }),
    error && h(Failed, { error }));
}

const conf = (model, { start, end, error, training }) => ({
  model,
  ...(start && { start: `${start}T00:00:00Z` }), ...(end && { end: `${end}T00:00:00Z` }),
  ...(error !== "" && { error: Number(error) }), ...(training !== "" && { training: Number(training) }),
});

export function Replay() {
  const { model, replay: id } = useParams();
  const answer = useAnswer(ofModel(model, "replays", id));
  const found = answer.data?.replay;
  return h(Page, {
    crumbs: [["Models", to.models()], [model, to.model(model)], ["Replays", to.replays(model)]],
    title: found ? `${moment(found.start)} – ${moment(found.end)}` : "Replay", note: found?.advice.sentence,
    beside: found && h(Badge, { colorPalette: found.advice.change ? "blue" : "gray", size: "md", variant: "subtle" }, found.advice.change ? `change to ${found.advice.policy}` : "stay with the present policy"),
  }, h(Answered, { answer, height: "30rem" }, (data) => h(Told, { replay: data.replay, yaml: data.yaml })));
}

function Told({ replay, yaml }) {
  const [chosen, setChosen] = useState(replay.advice.policy);
  return h(Stack, { gap: 4 },
    h(Section, { title: "Errors against retrainings", beside: "a point a policy; on the line: beaten by no other in both" }, h(Front, { choose: setChosen, chosen, replay })),
    h(Section, { title: "What each policy would have cost", beside: `over ${count(replay.batches)} batches` }, h(Outcomes, { choose: setChosen, chosen, replay })),
    h(Section, { title: `Use the policy “${chosen}”`, beside: "paste it into the spec in place of what stands under policy" }, h(Block, { name: "Policy as YAML" }, yaml[chosen])),
    h(Section, { title: "What was assumed" }, h(Facts, { facts: [
      ["One error costs", number(replay.costs.error)], ["A retraining that goes live costs", number(replay.costs.training)],
      ["An hour of training costs", number(replay.costs.per_hour)], ["Looking whether one pays costs, of a retraining", percent(replay.costs.look)],
      ["Played by", replay.actor], ["Recorded", moment(replay.created_at)],
    ] })));
}

function Front({ replay, chosen, choose }) {
  const dark = useDark();
  const colours = palette(dark);
  const points = replay.outcomes;
  const front = points.filter((one) => one.on_front).toSorted((left, right) => left.trainings - right.trainings);
  const weight = (one) => (one.name === replay.advice.policy ? 0 : one.name === "present" ? 1 : one.on_front ? 2 : 3);
  const byWeight = points.toSorted((left, right) => weight(left) - weight(right) || left.total - right.total);
  const colour = (one) => (one.name === replay.advice.policy ? colours.green : one.name === "present" ? colours.blue : colours.quiet);
  return h(Figure, {
    label: `Cost of errors against cost of retrainings of ${points.length} policies; the same numbers are in the table below`, opens: (one) => choose(one.name), watch: [replay, dark, chosen],
    draw: (width) => ({
      height: 340, marginLeft: 64, marginRight: Math.min(90, width / 8), marginTop: 26, marginBottom: 42, insetBottom: 18,
      style: { background: "transparent", color: colours.quiet, fontSize: "11px", overflow: "visible" },
      x: { label: "cost of retrainings (square-root scale) →", type: "sqrt", grid: true, nice: true, ticks: Math.min(6, Math.max(2, Math.round(width / 150))) },
      y: { label: "↑ cost of errors", grid: true, nice: true, ticks: 6 },
      marks: [
        Plot.line(front, { x: "trainings", y: "errors", stroke: colours.orange, strokeOpacity: 0.7, curve: "step-after" }),
        names(byWeight, { x: "trainings", y: "errors", name: spaced, fill: colours.ink, stroke: colours.paper, strokeWidth: 4 }),
        Plot.dot(points, { x: "trainings", y: "errors", r: (one) => (one.name === chosen ? 7 : 5), fill: (one) => (one.on_front ? colour(one) : colours.paper), stroke: colour, strokeWidth: 1.6 }),
        Plot.tip(points, Plot.pointer({ x: "trainings", y: "errors", fill: colours.paper, stroke: colours.quiet, fontSize: 12, title: said })),
      ],
      r: { type: "identity" },
    }),
  });
}

const spaced = (one) => one.name.replaceAll("_", " ");

const said = (one) =>
  `${one.name}\ncost ${number(one.total, 4)}: errors ${number(one.errors, 4)}, retrainings ${number(one.trainings)}\n${one.retrained} retrainings, ${one.promoted} went live`;

const RIGHT = { fontVariantNumeric: "tabular-nums", textAlign: "end", whiteSpace: "nowrap" };

const Outcomes = ({ replay, chosen, choose }) =>
  h(Rows, { name: "Outcomes", rows: replay.outcomes, keyOf: (one) => one.name, columns: [
    ["Policy", (one) => h(HStack, { gap: 2 },
      h(Button, { "aria-pressed": one.name === chosen, onClick: () => choose(one.name), size: "2xs", variant: one.name === chosen ? "solid" : "ghost" }, spaced(one)),
      one.on_front && h(Badge, { colorPalette: "orange", size: "xs", variant: "subtle" }, "front"), one.name === replay.advice.policy && h(Badge, { colorPalette: "green", size: "xs", variant: "subtle" }, "advised"))],
    ["Cost", (one) => number(one.total, 4), RIGHT],
    ["95 % interval", (one) => `${number(one.interval[0])} – ${number(one.interval[1])}`, RIGHT],
    ["Errors", (one) => number(one.errors, 4), RIGHT],
    ["Retrainings", (one) => number(one.trainings), RIGHT],
    ["Retrained", (one) => one.retrained, RIGHT],
    ["Went live", (one) => one.promoted, RIGHT],
    ["Mean metric", (one) => number(one.mean_metric, 4), RIGHT],
    ["Over the best in hindsight", (one) => (one.regret === null ? "–" : percent(one.regret)), RIGHT],
  ] });
