// One decision: why, what would have changed it, what followed.
import { Stack, Text, h, useParams } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Answered, Facts, Link, Mono, Page, RunLink, Section, Stage, Verdict, to } from "./parts.js";
import { Tree } from "./tree.js";
import { batch, moment, number, signed } from "./words.js";

export function Decision() {
  const { model, decision: id } = useParams();
  const answer = useAnswer(ofModel(model, "decisions", id));
  const taken = answer.data?.decision;
  return h(Page, {
    crumbs: [["Models", to.models()], [model, to.model(model)]], title: `Decision of ${taken ? moment(taken.as_of) : "…"}`,
    beside: taken && h(Verdict, { verdict: taken.verdict }), note: taken?.sentence,
  }, h(Answered, { answer, height: "24rem" }, (data) => h(Told, { data, model })));
}

const Told = ({ data, model }) =>
  h(Stack, { gap: 4 },
    h(Section, { title: "What would have changed it" }, h(Text, null, capital(data.counterfactual))),
    h(Section, { title: "Rules", beside: "● asks for a retraining · ○ does not · ? cannot tell" },
      h(Stack, { as: "ul", gap: 2 }, h(Tree, { node: data.decision.result }))),
    h(Section, { title: "Guards", beside: "● lets a retraining through · ○ holds it back" },
      data.decision.guards.length > 0
        ? h(Stack, { as: "ul", gap: 2 }, data.decision.guards.map((guard, place) => h(Tree, { guard: true, key: place, node: guard })))
        : h(Text, { color: "fg.muted" }, "This policy has none.")),
    h(Section, { title: "What followed" }, h(Followed, { data, model })),
    h(Section, { title: "Record" }, h(Recorded, { model, run: data.run, taken: data.decision })));

function Followed({ data: { decision, version, gate, promotion, shadow }, model }) {
  if (version === null) {
    return h(Text, { color: "fg.muted" }, decision.verdict === "retrain" ? "No version was trained: not yet, or the training failed. Airflow's run tells." : "Nothing: the champion stays.");
  }
  return h(Stack, { as: "ol", gap: 3 },
    h(Step, { title: "Trained" }, h(Link, { textDecoration: "underline", to: to.version(model, version.version) }, `version ${version.version}`), ` (${version.manifest.estimator ?? "a model"}) on rows from ${moment(version.trained_from)} until ${moment(version.trained_until)}. `, h(Stage, { stage: version.stage })),
    gate === null ? h(Step, { title: "Judged" }, "not yet") : h(Step, { title: "Judged" }, gate.sentence, gate.difference !== null && ` Gain ${signed(gate.difference)} on ${gate.rows} held-out rows.`),
    gate?.passed && (shadow || gate.evidence.shadow) && h(Step, { title: "Shadow" }, shadow ? shadow.sentence : "held there until enough batches have labels"),
    promotion === null
      ? gate && h(Step, { title: "Champion" }, gate.champion === null ? "there is none yet" : h(Link, { textDecoration: "underline", to: to.version(model, gate.champion) }, `version ${gate.champion} stayed`))
      : h(Step, { title: "Champion" }, h(Link, { textDecoration: "underline", to: to.version(model, promotion.to_version) }, `version ${promotion.to_version}`), promotion.from_version === null ? " is the first" : ` replaced version ${promotion.from_version}`, promotion.actor && `, by ${promotion.actor}`));
}

const Step = ({ title, children }) =>
  h(Text, { as: "li", listStyleType: "none" }, h(Text, { as: "span", color: "fg.muted", display: "inline-block", minWidth: "5.5rem" }, title), children);

const Recorded = ({ taken, model, run }) =>
  h(Facts, { facts: [
    ["Batch", h(Link, { to: to.batch(model, taken.window.start) }, batch(taken.window.start, taken.window.end))],
    ["Asked by", taken.trigger === "manual" ? taken.actor || "hand" : "the schedule"],
    taken.reason && ["Reason given", taken.reason],
    taken.least_gain !== null && ["Least gain to go live", number(taken.least_gain)],
    ["Id, also of the run that it started", h(Mono, null, taken.id)],
    ["Policy", h(Mono, null, taken.policy_sha256.slice(0, 16))],
    ["History", h(Mono, null, taken.history_sha256.slice(0, 16))],
    taken.verdict === "retrain" && ["Run in Airflow", h(RunLink, { run })],
  ] });

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
