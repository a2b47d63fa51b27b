// The tab on a model's DAGs: the same page as in the console; on a run of them: what the run made.
import { Box, h } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Model } from "./model.js";
import { Answered, Empty, Facts, Failed, Link, Page, Section, to } from "./parts.js";
import { moment } from "./words.js";

function Tab({ dagId, runId }) {
  const model = dagId.replace(/\.retrain$/, "");
  const answer = useAnswer(ofModel(model));
  if (answer.error?.status === 404) return h(Box, { "data-evergreen": "tab" }, h(Empty, { title: "Nothing is on record about this DAG" }, "If it is the DAG of a model, unpause it: its first batch begins the records. Other DAGs have none."));
  if (answer.error) return h(Failed, { error: answer.error });
  if (answer.data === null) return null;
  return runId ? h(Made, { model, retraining: dagId !== model, run: runId }) : h(Model, { key: model, model });
}

function Made({ model, run, retraining }) {
  const answer = useAnswer(ofModel(model, "made", run), { retraining });
  return h(Page, { title: `What this run made of ${model}` }, h(Answered, { answer }, (made) => h(Section, { title: "On record" }, h(Facts, { facts: [
    ["Model", h(Link, { to: to.model(model) }, model)],
    !retraining && ["Batch", made.start ? h(Link, { to: to.batch(model, made.start) }, moment(made.start)) : "none yet"],
    ["Decision", made.decision ? h(Link, { to: to.decision(model, made.decision) }, made.decision) : retraining ? "none yet" : "none that started a retraining"],
    retraining && ["Champion", made.version ? h(Link, { to: to.version(model, made.version) }, `version ${made.version}`) : "none yet, or it was rejected"],
  ] }))));
}

globalThis["Model"] = Tab; // the name under which Airflow looks for what this file brought
