// Questions to the console's API, and to Airflow's own where a DAG is to be started.
import { useCallback, useEffect, useState } from "./host.js";

const OURS = new URL("evergreen/api/", document.baseURI);

/** The path below a model. */
export const ofModel = (model, ...parts) => ["models", model, ...parts].map(encodeURIComponent).join("/");

function address(path, query) {
  const url = new URL(path, OURS);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return url;
}

/** Where a page, a file or a frame of ours is. */
export const addressOf = (path) => address(path).href;

async function answer(response) {
  const body = response.headers.get("content-type")?.includes("json") ? await response.json() : null;
  if (response.ok) return body;
  if (response.status === 401) {
    const login = new URL("api/v2/auth/login", document.baseURI);
    login.searchParams.set("next", location.href);
    location.assign(login);
  }
  throw Object.assign(new Error(message(response, body)), { status: response.status });
}

function message(response, body) {
  const detail = body?.detail;
  if (typeof detail === "string") return body.remedy ? `${detail} What to do: ${body.remedy}` : detail;
  if (Array.isArray(detail)) return detail.map((one) => `${one.loc?.at(-1)}: ${one.msg}`).join("; ");
  if (response.status === 403) return "You may not do this. Airflow's permissions on the model's DAG decide.";
  return `The server answered ${response.status} ${response.statusText}.`;
}

export const get = async (path, query, signal) => answer(await fetch(address(path, query), { signal }));

export const post = async (path, body) => answer(await fetch(address(path), sent(body)));

/** Start a run of a DAG: Airflow itself authorises, validates and logs it. */
export async function startRun(dagId, conf) {
  const url = new URL(`api/v2/dags/${encodeURIComponent(dagId)}/dagRuns`, document.baseURI);
  return answer(await fetch(url, sent({ logical_date: null, conf })));
}

/** How a run stands. */
export async function getRun(dagId, runId) {
  const path = `api/v2/dags/${encodeURIComponent(dagId)}/dagRuns/${encodeURIComponent(runId)}`;
  return answer(await fetch(new URL(path, document.baseURI)));
}

const sent = (body) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** Ask once, and again when path or query change or `reload` is called; null as path asks nothing. */
export function useAnswer(path, query) {
  const [state, setState] = useState({ data: null, error: null });
  const [turn, setTurn] = useState(0);
  const key = JSON.stringify([path, query]);
  useEffect(() => {
    if (path === null) return undefined;
    const control = new AbortController();
    get(path, query, control.signal).then(
      (data) => setState({ data, error: null }),
      (error) => control.signal.aborted || setState({ data: null, error }),
    );
    return () => control.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { ...state, reload };
}
