// A rule tree: what each rule saw, against what, and what it said.
import { Badge, Box, Flex, Stack, Text, h } from "./host.js";
import { number } from "./words.js";

const SIGNS = { retrain: ["●", "asks for a retraining", "fg.info"], keep: ["○", "does not ask", "fg.muted"], cannot_tell: ["?", "cannot tell", "fg.warning"] };
const GUARDS = { retrain: ["●", "lets a retraining through", "fg.muted"], keep: ["○", "holds it back", "fg.warning"], cannot_tell: ["?", "cannot tell", "fg.warning"] };
const JOINTS = { any: "at least one of", all: "all of", not: "the opposite of" };
const DAY = 86_400;

export const Tree = ({ node, guard = false, depth = 0 }) =>
  h(Box, { as: "li", listStyleType: "none" },
    h(Line, { node, signs: guard ? GUARDS : SIGNS }),
    node.of.length > 0 && h(Stack, { as: "ul", borderColor: "border.emphasized", borderLeftWidth: 1, gap: 2, ml: 1.5, mt: 2, pl: 4 },
      node.of.map((child, place) => h(Tree, { depth: depth + 1, guard, key: place, node: child }))));

function Line({ node, signs }) {
  const [sign, words, colour] = signs[node.verdict];
  const joint = node.of.length > 0;
  return h(Flex, { align: "baseline", columnGap: 2, rowGap: 0.5, wrap: "wrap" },
    h(Box, { "aria-label": words, as: "span", color: colour, role: "img", title: words }, sign),
    h(Text, { as: "span", fontWeight: "medium" }, name(node)),
    !joint && node.threshold !== null && h(Badge, { fontVariantNumeric: "tabular-nums", variant: "subtle" }, `${inUnit(node, node.value)} against ${inUnit(node, node.threshold)}`),
    !joint && h(Text, { as: "span", color: "fg.muted", fontSize: "sm" }, node.sentence));
}

const name = (node) => (node.kind === "at_least" ? `at least ${node.threshold} of` : JOINTS[node.kind] ?? node.kind.replaceAll("_", " "));

function inUnit(node, value) {
  if (value === null) return "not known";
  const seconds = node.kind === "cooldown" || node.evidence.unit === "seconds";
  return seconds ? `${number(value / DAY)} days` : number(value);
}
