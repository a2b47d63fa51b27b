// The tab on a model's DAGs: the same page as in the console.
import { Box, h } from "./host.js";
import { ofModel, useAnswer } from "./api.js";
import { Model } from "./model.js";
import { Empty, Failed } from "./parts.js";

function Tab({ dagId }) {
  const model = dagId.replace(/\.retrain$/, "");
  const answer = useAnswer(ofModel(model));
  if (answer.error?.status === 404) return h(Box, { "data-evergreen": "tab" }, h(Empty, { title: "Nothing is on record about this DAG" }, "If it is the DAG of a model, unpause it: its first batch begins the records. Other DAGs have none."));
  if (answer.error) return h(Failed, { error: answer.error });
  return answer.data && h(Model, { key: model, model });
}

globalThis["Model"] = Tab; // the name under which Airflow looks for what this file brought
