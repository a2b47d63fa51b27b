// Starting a run of one of our DAGs and following it to its end.
import { Text, h, useEffect, useState } from "./host.js";
import { getRun, startRun } from "./api.js";
import { Link, to } from "./parts.js";

const POLL = 3000; // milliseconds between two looks at a run
const ENDED = new Set(["success", "failed"]);
const FINAL = new Set([401, 403, 404]); // asking again would not help

/** `start(conf)` starts a run, Airflow deciding whether one may; `done` is called when it has ended. */
export function useRun(dag, done) {
  const [run, setRun] = useState(null);
  const [error, setError] = useState(null);
  const running = run !== null && !ENDED.has(run.state);
  useEffect(() => {
    if (!running) return undefined;
    const look = () => getRun(dag, run.dag_run_id).then(
      (found) => { setError(null); setRun(found); if (ENDED.has(found.state)) done(); },
      (problem) => { setError(problem); setRun(FINAL.has(problem.status) ? null : { ...run }); },
    );
    const timer = setTimeout(look, POLL);
    return () => clearTimeout(timer);
  }, [run]);
  const start = (conf) => {
    setError(null);
    startRun(dag, conf).then(setRun, setError);
  };
  return { run, running, error, start };
}

const SAID = { queued: "waits for a free worker", running: "is being made", success: "is ready", failed: "failed: the end of its log says why, and what to do" };

export const Progress = ({ run, dag, what }) =>
  h(Text, { "aria-live": "polite", fontSize: "sm", role: "status" }, `${what} `, SAID[run.state] ?? run.state, ". ",
    h(Link, { textDecoration: "underline", to: to.run(dag, run.dag_run_id) }, "Its run in Airflow"));
