// What was noticed about a model's data over the batches that the story shows: which finding, how often, when last.
import { Stack, Text, h } from "./host.js";
import { Empty, Link, RIGHT, Rows, to } from "./parts.js";
import { batch, count, many, percent } from "./words.js";

export function Quality({ story, model }) {
  const { batches, meanings } = story;
  if (batches.length === 0) return h(Empty, { title: "No batch yet" }, "Every batch is validated before anything else is done with it.");
  const seen = Map.groupBy(batches.flatMap((one) => one.codes.map((code) => ({ code, batch: one }))), (one) => one.code);
  const rows = [...seen].map(([code, found]) => ({ code, found: found.length, last: found.at(-1).batch })).toSorted((one, other) => other.found - one.found || (one.code < other.code ? -1 : 1));
  return h(Stack, { gap: 2 }, h(Text, { fontSize: "sm" }, total(batches)),
    rows.length === 0
      ? h(Text, { color: "fg.muted" }, "Nothing else was noticed.")
      : h(Rows, { name: "Findings over these batches", rows, keyOf: (one) => one.code, columns: [
          ["Code", (one) => one.code],
          ["What", (one) => h(Text, { minWidth: "12rem" }, meanings[one.code] ?? "not a code of this version")],
          ["Batches", (one) => `${count(one.found)} of ${count(batches.length)}`, RIGHT],
          ["The newest of them", (one) => h(Link, { to: to.batch(model, one.last.start) }, batch(one.last.start, one.last.end)), { whiteSpace: "nowrap" }],
        ] }));
}

function total(batches) {
  const [rows, aside] = ["rows", "quarantined"].map((name) => batches.reduce((sum, one) => sum + one[name], 0));
  const stopped = batches.filter((one) => one.stopped).length;
  return `Of ${many(rows + aside, "row")} in ${many(batches.length, "batch", "batches")} ${count(aside)} ${aside === 1 ? "was" : "were"} set aside (${percent(aside / Math.max(1, rows + aside))}); ${stopped === 0 ? "no batch was" : `${many(stopped, "batch", "batches")} ${stopped === 1 ? "was" : "were"}`} stopped.`;
}
