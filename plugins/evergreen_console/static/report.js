// Evidently's full report of a batch: shown where it is built, built by a run of a DAG where it is not.
import { Box, Button, Stack, Text, h } from "./host.js";
import { ofModel } from "./api.js";
import { Failed } from "./parts.js";
import { Frame } from "./frame.js";
import { Progress, useRun } from "./run.js";

const DAG = "evergreen.report";

export function Report({ model, start, built, possible, done }) {
  const { run, running, error, start: begin } = useRun(DAG, done);
  if (built) return h(Frame, { height: "46rem", path: ofModel(model, "batches", start, "report"), scripts: true, title: `Evidently's report of the batch of ${start}` });
  if (!possible) return h(Text, { color: "fg.muted" }, "There is nothing to compare the batch with: it was stopped, or no champion served when it began.");
  return h(Stack, { gap: 3 },
    h(Text, { color: "fg.muted" }, "Not built yet. It compares each column in detail with the rows that the champion had learned from, and takes a minute or two."),
    h(Box, null, h(Button, { disabled: running, loading: running, onClick: () => begin({ model, start }), size: "sm" }, "Build the report")),
    run && h(Progress, { dag: DAG, run, what: "The report" }),
    error && h(Failed, { error }));
}
