// What all pages are made of.
import {
  Alert, Badge, Box, Button, Code, Field, Flex, Heading, HStack, RouterLink, Skeleton, Stack, Table, Text, h,
} from "./host.js";

const ROOT = "/plugin/evergreen";

/** Addresses of pages. They are stable: people send them to each other. */
export const to = {
  models: () => ROOT,
  approvals: () => `${ROOT}/approvals`,
  model: (model) => `${ROOT}/models/${encodeURIComponent(model)}`,
  decision: (model, id) => `${to.model(model)}/decisions/${encodeURIComponent(id)}`,
  version: (model, number) => `${to.model(model)}/versions/${number}`,
  batch: (model, start) => `${to.model(model)}/batches/${encodeURIComponent(start)}`,
  replays: (model) => `${to.model(model)}/replays`,
  replay: (model, id) => `${to.replays(model)}/${encodeURIComponent(id)}`,
  dag: (dag) => `/dags/${encodeURIComponent(dag)}`,
  actions: (dag, run) => `${to.run(dag, run)}/required_actions`,
  run: (dag, run) => `${to.dag(dag)}/runs/${encodeURIComponent(run)}`,
};

export const Link = ({ to: target, children, ...rest }) =>
  h(Box, { asChild: true, color: "fg.info", _hover: { textDecoration: "underline" }, ...rest },
    h(RouterLink, { to: target }, children));

/** A page: where we are, what it is, what it says. */
export function Page({ crumbs = [], title, beside, note, children }) {
  return h(Stack, { "data-evergreen": title, fontSize: "sm", gap: 4, maxWidth: "1400px", mx: "auto", px: { base: 3, md: 6 }, py: 4, width: "100%" },
    h(Stack, { as: "header", gap: 1 },
      crumbs.length > 0 && h(HStack, { as: "nav", "aria-label": "Breadcrumb", color: "fg.muted", fontSize: "sm", gap: 1.5, wrap: "wrap" },
        crumbs.flatMap(([label, target], place) => [
          place > 0 && h("span", { "aria-hidden": true, key: `${target}/` }, "/"),
          h(Link, { key: target, to: target }, label),
        ])),
      h(Flex, { align: "center", gap: 3, wrap: "wrap" },
        h(Heading, { as: "h1", size: "xl", overflowWrap: "anywhere" }, title), beside),
      note && h(Text, { color: "fg.muted", fontSize: "sm", maxWidth: "100ch" }, note)),
    children);
}

export const Section = ({ title, beside, note, children, ...rest }) =>
  h(Box, { as: "section", bg: "bg", borderColor: "border.emphasized", borderRadius: "lg", borderWidth: 1, minWidth: 0, ...rest },
    h(Flex, { align: "baseline", borderBottomWidth: 1, borderColor: "border", gap: 3, justify: "space-between", px: 4, py: 2.5, wrap: "wrap" },
      h(Heading, { as: "h2", size: "sm" }, title),
      beside && h(Box, { color: "fg.muted", fontSize: "xs" }, beside)),
    note && h(Text, { color: "fg.muted", fontSize: "sm", px: 4, pt: 3 }, note),
    h(Box, { px: 4, py: 3 }, children));

/** Nothing there: why, and what to do first. */
export const Empty = ({ title, children }) =>
  h(Stack, { align: "center", color: "fg.muted", gap: 1, py: 8, textAlign: "center" },
    h(Text, { color: "fg", fontWeight: "medium" }, title), h(Text, { maxWidth: "60ch" }, children));

export const Failed = ({ error }) =>
  h(Alert.Root, { status: "error", role: "alert" }, h(Alert.Indicator), h(Alert.Content, null, error.message));

/** What an answer shows: an error, a place holder while it is awaited, or its content. */
export function Answered({ answer, height = "8rem", children }) {
  if (answer.error) return h(Failed, { error: answer.error });
  if (answer.data === null) return h(Skeleton, { height, "aria-label": "Loading", role: "status" });
  return children(answer.data);
}

const HEALTH = {
  "failing data": "red", "no champion": "purple", degrading: "red", "stale labels": "orange", drifting: "orange", fresh: "green",
};
const MARK = { "failing data": "■", "no champion": "○", degrading: "▼", "stale labels": "◷", drifting: "≈", fresh: "●" };

export const Health = ({ word, ...rest }) =>
  h(Badge, { colorPalette: HEALTH[word] ?? "gray", variant: "subtle", whiteSpace: "nowrap", ...rest },
    h("span", { "aria-hidden": true }, MARK[word] ?? "•"), word);

const VERDICTS = { retrain: ["●", "retrain", "blue"], keep: ["○", "keep", "gray"], cannot_tell: ["?", "cannot tell", "orange"] };

export function Verdict({ verdict, ...rest }) {
  const [mark, word, palette] = VERDICTS[verdict];
  return h(Badge, { colorPalette: palette, variant: "subtle", whiteSpace: "nowrap", ...rest }, h("span", { "aria-hidden": true }, mark), word);
}

const STAGES = { champion: "green", challenger: "blue", held: "purple", retired: "gray", rejected: "red" };

export const Stage = ({ stage }) => h(Badge, { colorPalette: STAGES[stage] ?? "gray", variant: "subtle" }, stage);

const SEVERITIES = { error: ["■", "red"], warning: ["▲", "orange"], info: ["·", "gray"] };

export function Severity({ severity }) {
  const [mark, palette] = SEVERITIES[severity] ?? ["•", "gray"];
  return h(Badge, { colorPalette: palette, variant: "subtle", whiteSpace: "nowrap" }, h("span", { "aria-hidden": true }, mark), severity);
}

/** A table that scrolls by itself where the screen is narrow. Columns: [heading, cell of a row, properties]. */
export function Rows({ columns, rows, name, keyOf }) {
  return h(Box, { overflowX: "auto", tabIndex: 0, role: "region", "aria-label": name, mx: -4, px: 4 },
    h(Table.Root, { size: "sm", "aria-label": name },
      h(Table.Header, null, h(Table.Row, { bg: "transparent" },
        columns.map(([heading, , rest]) => h(Table.ColumnHeader, { key: heading, color: "fg.muted", fontSize: "xs", whiteSpace: "nowrap", ...align(rest) }, heading)))),
      h(Table.Body, null, rows.map((row, place) => h(Table.Row, { key: keyOf ? keyOf(row) : place, bg: "transparent" },
        columns.map(([heading, cell, rest]) => h(Table.Cell, { key: heading, verticalAlign: "top", ...rest }, cell(row, place))))))));
}

const align = (rest) => (rest?.textAlign ? { textAlign: rest.textAlign } : {});

/** Names and values, as many a line as there is room for. */
export const Facts = ({ facts }) =>
  h(Box, { as: "dl", display: "grid", gap: 4, gridTemplateColumns: "repeat(auto-fill, minmax(11rem, 1fr))" },
    facts.filter(Boolean).map(([name, value]) => h(Box, { key: name, minWidth: 0 },
      h(Text, { as: "dt", color: "fg.muted", fontSize: "xs" }, name),
      h(Box, { as: "dd", fontSize: "sm", overflowWrap: "anywhere" }, value))));

export const Mono = (props) => h(Code, { variant: "plain", fontSize: "xs", color: "fg.muted", overflowWrap: "anywhere", ...props });

export const Block = ({ children, name }) =>
  h(Box, { as: "pre", "aria-label": name, bg: "bg.subtle", borderRadius: "md", fontSize: "xs", maxHeight: "28rem", overflow: "auto", p: 3, role: "region", tabIndex: 0, whiteSpace: "pre" }, children);

export const More = ({ onClick, children }) => h(Button, { onClick, size: "xs", variant: "outline", mt: 2 }, children);

export const Labelled = ({ label, children, help, ...rest }) =>
  h(Field.Root, rest, h(Field.Label, { fontSize: "xs", color: "fg.muted" }, label), children, help && h(Field.HelperText, null, help));

/** A link back to the run in Airflow that made what the page shows, where there is one. */
export const RunLink = ({ run: { dag, run } }) =>
  run === null ? "none: by hand, or from the command line" : h(Link, { to: to.run(dag, run) }, run);

export const RIGHT = { fontVariantNumeric: "tabular-nums", textAlign: "end", whiteSpace: "nowrap" };
