// The card on Airflow's home page: how many models are how, and the first that need attention.
import { Box, HStack, Stack, Text, h } from "./host.js";
import { useAnswer } from "./api.js";
import { Answered, Health, Link, Section, to } from "./parts.js";

const FEW = 5;

function Card() {
  const answer = useAnswer("models", { limit: FEW });
  return h(Section, { title: "Models", "data-evergreen": "card", beside: h(Link, { to: to.models() }, "all models"), mt: 4 },
    h(Answered, { answer, height: "4rem" }, ({ page }) => page.total === 0
      ? h(Text, { color: "fg.muted" }, "No model is on record yet.")
      : h(Stack, { gap: 3 }, h(Words, { words: page.words }), h(Urgent, { rows: page.rows.filter((row) => row.health.word !== "fresh") }))));
}

const Words = ({ words }) =>
  h(HStack, { gap: 4, wrap: "wrap" }, Object.entries(words).filter(([, some]) => some > 0).map(([word, some]) =>
    h(HStack, { gap: 1.5, key: word }, h(Text, { fontWeight: "semibold" }, some), h(Health, { word }))));

const Urgent = ({ rows }) =>
  rows.length > 0 && h(Stack, { as: "ul", gap: 1.5, listStyleType: "none" }, rows.map((row) =>
    h(Box, { as: "li", key: row.model }, h(Link, { fontWeight: "medium", to: to.model(row.model) }, row.model), h(Text, { as: "span", color: "fg.muted", fontSize: "xs", ml: 2 }, row.health.reason))));

globalThis["Models at a glance"] = Card; // the name under which Airflow looks for what this file brought
