// What waits for a person: what passed the gate and may go live only with somebody's word.
import { Badge, HStack, SimpleGrid, Stack, Text, h } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Act } from "./act.js";
import { IntervalFigure } from "./interval.js";
import { Answered, Empty, Facts, Link, Page, RIGHT, Rows, Section, to } from "./parts.js";
import { ago, count, many, moment, number, signed } from "./words.js";

export function Approvals() {
  const answer = useAnswer("approvals");
  return h(Page, { crumbs: [["Models", to.models()]], title: "Approvals", note: "Versions that passed the gate and go live only when a person says so. The first word holds, here or in Airflow; without one in time the champion stays." },
    h(Answered, { answer }, (found) => (found.waiting.length === 0
      ? h(Section, { title: "Nothing waits" }, h(Empty, { title: "No version waits for a person" }, "With `approval: true` under `gate:` in a spec, what passed the gate waits here before it goes live."))
      : h(Stack, { gap: 4 }, found.waiting.map((one) => h(One, { done: answer.reload, key: `${one.model} ${one.version}`, may: found.may_act.includes(one.model), one }))))));
}

const One = ({ one, may, done }) =>
  h(Section, {
    title: h(HStack, { gap: 2, wrap: "wrap" }, h(Link, { to: to.model(one.model) }, one.model), h(Link, { to: to.version(one.model, one.version) }, `version ${one.version}`)),
    beside: h(HStack, { gap: 2, wrap: "wrap" }, h(Waits, { one }), may && h(Word, { done, waiting: one })),
  },
    h(Stack, { gap: 4 },
      h(Text, null, one.sentence),
      h(Text, { color: "fg.muted", fontSize: "sm" }, one.why, " ", h(Link, { textDecoration: "underline", to: to.decision(one.model, one.decision_id) }, "Why it was trained")),
      h(SimpleGrid, { columns: { base: 1, lg: 2 }, gap: 5 },
        h(Stack, { gap: 3, minWidth: 0 }, one.interval && h(IntervalFigure, { gate: one, metric: one.metric }), h(Facts, { facts: [
          ["Who may answer", one.users.length > 0 ? one.users.map(([, name]) => name).join(", ") : "whoever may start runs of the model's DAG"],
          ["The same in Airflow", h(Link, { to: to.actions(`${one.model}.retrain`, one.decision_id) }, "Required Actions of the run")],
        ] })),
        h(Compared, { one }))));

export const Waits = ({ one }) =>
  h(HStack, { gap: 2, wrap: "wrap" }, h(Badge, { colorPalette: "purple", variant: "subtle" }, "waits for a person"), h(Text, { color: "fg.muted", fontSize: "xs" }, `asked ${ago(one.asked_at)}, until ${moment(one.until)}`));

function Compared({ one }) {
  const other = one.metrics.champion ?? one.metrics.dummy ?? {};
  const rows = Object.entries(one.metrics.challenger ?? {});
  return h(Rows, { name: `Metrics of version ${one.version} of ${one.model} on ${many(one.rows, "held-out row")}`, rows, keyOf: ([name]) => name, columns: [
    [`On ${count(one.rows)} held-out rows`, ([name]) => h(Text, { fontWeight: name === one.metric ? "semibold" : "normal" }, name)],
    [`Version ${one.version}`, ([, value]) => number(value, 4), RIGHT],
    [one.champion === null ? "A constant" : `Champion, version ${one.champion}`, ([name]) => number(other[name], 4), RIGHT],
    ["Difference", ([name, value]) => (other[name] === undefined ? "–" : signed(value - other[name])), RIGHT],
  ] });
}

const path = ({ model, version }, verb) => ofModel(model, "versions", version, verb);

/** No, with a reason: to what waits for a person, or is held in the shadow. */
export const Reject = ({ done, of }) =>
  h(Act, { button: "Reject", done, send: (comment) => [path(of, "reject"), { comment }], title: `Reject version ${of.version} of ${of.model}?`, verb: "Reject", told: "The champion stays. A rejected version cannot be promoted later; a new retraining makes a new one." });

/** Yes and No, each with a reason. */
export function Word({ waiting, done }) {
  const { model, version, champion } = waiting;
  return h(HStack, { gap: 2 },
    h(Act, { button: "Approve", colorPalette: "green", done, palette: "green", send: (comment) => [path(waiting, "approve"), { comment }], title: `Let version ${version} of ${model} go live?`, verb: "Approve", variant: "solid",
      told: champion === null ? "It becomes the first champion at once." : `It takes the place of version ${champion} at once: the next batch is scored by it.` }),
    h(Reject, { done, of: waiting }));
}
