// Who did what: the model's chain of custody, the newest events first.
import { Box, HStack, Stack, Text, h, useState } from "./host.js";
import { get, ofModel, useAnswer } from "./api.js";
import { Answered, Empty, Mono, More, RIGHT, Rows } from "./parts.js";
import { count, moment, short } from "./words.js";

const PART = 15;

export function Audit({ model }) {
  const [acts, setActs] = useState(true);
  return h(Stack, { gap: 2 },
    h(HStack, null, h(More, { onClick: () => setActs(!acts) }, acts ? "Show every record" : "Show only what changed the model")),
    h(Listed, { acts, key: acts, model }));
}

function Listed({ acts, model }) {
  const query = { acts, limit: PART };
  const answer = useAnswer(ofModel(model, "audit"), query);
  return h(Answered, { answer }, (first) => h(Events, { first, model, query }));
}

function Events({ first, model, query }) {
  const [pages, setPages] = useState([first]);
  const events = pages.flatMap((one) => one.events);
  const below = pages.at(-1).below;
  const more = () => get(ofModel(model, "audit"), { ...query, below }).then((page) => setPages((before) => [...before, page]));
  if (events.length === 0) return h(Empty, { title: "Nothing yet" }, "Each record that is written adds a link to the chain; `evergreen audit verify` goes through it.");
  return h(Box, null, h(Rows, { name: "Audit", rows: events, keyOf: (one) => one.number, columns: [
    ["Event", (one) => count(one.number), RIGHT],
    ["What", (one) => one.kind],
    ["Of", (one) => (one.key ? `${one.record} ${short(one.key, 20)}` : `${count(one.rows)} rows of ${one.record}`)],
    ["By", (one) => one.actor || h(Text, { color: "fg.muted" }, "not named")],
    ["As of", (one) => moment(one.as_of), { whiteSpace: "nowrap" }],
    ["Written", (one) => moment(one.created_at), { whiteSpace: "nowrap" }],
    ["Signed", (one) => (one.signed ? "yes" : "no")],
    ["SHA-256 of the chain up to here", (one) => h(Mono, { title: one.sha256 }, short(one.sha256, 16))],
  ] }), below && h(More, { onClick: more }, "Earlier events"));
}
