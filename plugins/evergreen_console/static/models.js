// The page Models: who needs attention.
import {
  Box, Button, Flex, HStack, Input, NativeSelect, RouterLink, Stack, Text, h, useEffect, useSearchParams, useState,
} from "./host.js";
import { get, useAnswer } from "./api.js";
import { Answered, Empty, Health, Link, Page, Rows, Section, Verdict, to } from "./parts.js";
import { Spark } from "./spark.js";
import { ago, many, moment, number } from "./words.js";

const WAIT = 250; // milliseconds after the last key

export function Models() {
  const [asked, setAsked] = useSearchParams();
  const query = Object.fromEntries(["search", "tag", "owner", "health"].map((name) => [name, asked.get(name) ?? ""]));
  const answer = useAnswer("models", query);
  const change = (name, value) =>
    setAsked((before) => {
      const after = new URLSearchParams(before);
      if (value) after.set(name, value);
      else after.delete(name);
      return after;
    }, { replace: true });
  return h(Page, { title: "Models", note: "What every model is doing and why. Those that need attention come first.",
    beside: h(Box, { flex: 1, textAlign: "end" }, h(Button, { asChild: true, size: "xs", variant: "outline" }, h(RouterLink, { to: to.approvals() }, "Approvals"))) },
    h(Filters, { page: answer.data?.page, query, change }),
    h(Section, { title: "All models", beside: answer.data && `${answer.data.page.total} shown` },
      h(Answered, { answer, height: "20rem" }, (data) =>
        data.page.rows.length > 0
          ? h(List, { key: JSON.stringify(query), first: data, query })
          : h(Nothing, { filtered: Object.values(query).some(Boolean) }))));
}

const Nothing = ({ filtered }) =>
  filtered
    ? h(Empty, { title: "No model matches" }, "Take a filter away.")
    : h(Empty, { title: "No model is on record yet" },
        "Put a spec into the folder of models (evergreen init writes one), then unpause its DAG: with its first batch it appears here.");

function Filters({ page, query, change }) {
  const [text, setText] = useState(query.search);
  useEffect(() => {
    const timer = setTimeout(() => text !== query.search && change("search", text), WAIT);
    return () => clearTimeout(timer);
  }, [text]);
  const words = Object.entries(page?.words ?? {}).map(([word, some]) => [word, `${word} (${some})`]);
  return h(Flex, { gap: 2, wrap: "wrap", role: "search" },
    h(Input, { "aria-label": "Search models", maxWidth: "20rem", onChange: (event) => setText(event.target.value), placeholder: "Search name, owner, tag …", size: "sm", value: text, type: "search" }),
    h(Select, { label: "Health", value: query.health, options: words, onChange: (value) => change("health", value) }),
    h(Select, { label: "Tag", value: query.tag, options: (page?.tags ?? []).map((tag) => [tag, tag]), onChange: (value) => change("tag", value) }),
    h(Select, { label: "Owner", value: query.owner, options: (page?.owners ?? []).map((owner) => [owner, owner]), onChange: (value) => change("owner", value) }));
}

const Select = ({ label, value, options, onChange }) =>
  h(NativeSelect.Root, { size: "sm", width: "11rem" },
    h(NativeSelect.Field, { "aria-label": label, onChange: (event) => onChange(event.target.value), value },
      h("option", { value: "" }, `${label}: all`),
      options.map(([key, text]) => h("option", { key, value: key }, text))),
    h(NativeSelect.Indicator));

function List({ first, query }) {
  const [pages, setPages] = useState([first]);
  const [error, setError] = useState(null);
  useEffect(() => setPages((before) => [first, ...before.slice(1)]), [first]);
  const rows = pages.flatMap((one) => one.page.rows.map((row) => ({ ...row, dag: one.dags[row.model], waiting: one.waiting[row.model] ?? 0 })));
  const after = pages.at(-1).page.after;
  const more = () =>
    get("models", { ...query, after }).then((next) => setPages((before) => [...before, next]), setError);
  return h(Stack, { gap: 3 },
    h(Box, { display: { base: "none", lg: "block" } }, h(Rows, { name: "Models", rows, columns: COLUMNS, keyOf: (row) => row.model })),
    h(Stack, { as: "ul", display: { base: "flex", lg: "none" }, gap: 0, listStyleType: "none" }, rows.map((row) => h(Card, { key: row.model, row }))),
    error && h(Text, { color: "fg.error", role: "alert" }, error.message),
    after && h(Button, { alignSelf: "center", onClick: more, size: "sm", variant: "outline" }, "Show more"));
}

const COLUMNS = [
  ["Health", (row) => h(Stack, { gap: 1, maxWidth: "17rem" }, h(Box, null, h(Health, { word: row.health.word })), h(Text, { color: "fg.muted", fontSize: "xs", lineClamp: 3, title: row.health.reason }, row.health.reason))],
  ["Model", (row) => h(Named, { row })],
  ["Primary metric", (row) => h(Metric, { row })],
  ["Champion", (row) => h(Champion, { row }), { whiteSpace: "nowrap" }],
  ["Last decision", (row) => h(Decided, { row })],
  ["Next check", (row) => h(Next, { dag: row.dag }), { whiteSpace: "nowrap" }],
];

const Named = ({ row }) =>
  h(Stack, { gap: 0.5, minWidth: "10rem", maxWidth: "20rem" },
    h(Link, { to: to.model(row.model), fontWeight: "semibold", overflowWrap: "anywhere" }, row.model),
    h(Text, { color: "fg.muted", fontSize: "xs", lineClamp: 2 }, row.description || row.problem),
    h(Text, { color: "fg.muted", fontSize: "xs" }, [row.problem, row.owner, ...row.tags].join(" · ")),
    row.waiting > 0 && h(Waiting, { row }));

const Waiting = ({ row }) => h(Box, null, h(Link, { fontSize: "xs", to: to.approvals() }, h("span", { "aria-hidden": true }, "◆ "), `${many(row.waiting, "version")} ${row.waiting === 1 ? "waits" : "wait"} for approval`));

const Metric = ({ row }) =>
  h(HStack, { gap: 3 },
    h(Stack, { gap: 0, minWidth: "5.5rem" },
      h(Text, { fontVariantNumeric: "tabular-nums" }, number(row.measured?.value)),
      h(Text, { color: "fg.muted", fontSize: "xs" }, row.metric)),
    h(Spark, { baseline: row.baseline, name: row.metric, values: row.spark }));

const Champion = ({ row }) =>
  row.champion === null
    ? h(Text, { color: "fg.muted" }, "none yet")
    : h(Stack, { gap: 0 },
        h(Link, { to: to.version(row.model, row.champion.version) }, `version ${row.champion.version}`),
        h(Text, { color: "fg.muted", fontSize: "xs" }, `since ${moment(row.champion.since)}`),
        h(Text, { color: "fg.muted", fontSize: "xs" }, `rows until ${moment(row.champion.seen_until)}`));

const Decided = ({ row }) =>
  row.decision === null
    ? h(Text, { color: "fg.muted" }, "none yet")
    : h(Stack, { gap: 1, maxWidth: "18rem" },
        h(HStack, { gap: 2 }, h(Verdict, { verdict: row.decision.verdict }),
          h(Link, { to: to.decision(row.model, row.decision.id), fontSize: "xs" }, moment(row.decision.as_of))),
        h(Text, { color: "fg.muted", fontSize: "xs", lineClamp: 2, title: row.decision.sentence }, row.decision.sentence));

function Next({ dag }) {
  if (!dag) return h(Text, { color: "fg.muted" }, "no DAG");
  if (dag.paused) return h(Text, { color: "fg.muted" }, "paused");
  if (!dag.next_run) return h(Text, { color: "fg.muted" }, "by hand");
  return h(Text, { title: moment(dag.next_run) }, ago(dag.next_run));
}

const Card = ({ row }) =>
  h(Stack, { as: "li", borderBottomWidth: 1, borderColor: "border", gap: 2, py: 3, _last: { borderBottomWidth: 0 } },
    h(Flex, { align: "center", gap: 2, justify: "space-between" }, h(Link, { to: to.model(row.model), fontWeight: "semibold", overflowWrap: "anywhere" }, row.model), h(Health, { word: row.health.word })),
    h(Text, { color: "fg.muted", fontSize: "xs" }, row.health.reason),
    h(Flex, { gap: 4, justify: "space-between", wrap: "wrap" }, h(Metric, { row }), h(Champion, { row })),
    h(Decided, { row }), row.waiting > 0 && h(Waiting, { row }));
