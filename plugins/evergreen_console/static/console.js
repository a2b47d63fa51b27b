// What the entry Models of Airflow's navigation shows: a page each for models, a model, and what there is of it.
import { Route, Routes, h } from "./host.js";
import { Approvals } from "./approvals.js";
import { Batch } from "./batch.js";
import { Decision } from "./decision.js";
import { Model } from "./model.js";
import { Models } from "./models.js";
import { Empty, Page } from "./parts.js";
import { Replay, Replays } from "./replay.js";
import { Version } from "./version.js";

const Nowhere = () => h(Page, { title: "Models" }, h(Empty, { title: "There is no such page" }, "Go back, or choose Models again."));

const Console = () =>
  h(Routes, null,
    h(Route, { index: true, element: h(Models) }),
    h(Route, { path: "approvals", element: h(Approvals) }),
    h(Route, { path: "models/:model", element: h(Model) }),
    h(Route, { path: "models/:model/decisions/:decision", element: h(Decision) }),
    h(Route, { path: "models/:model/versions/:version", element: h(Version) }),
    h(Route, { path: "models/:model/batches/:start", element: h(Batch) }),
    h(Route, { path: "models/:model/replays", element: h(Replays) }),
    h(Route, { path: "models/:model/replays/:replay", element: h(Replay) }),
    h(Route, { path: "*", element: h(Nowhere) }));

globalThis["Models"] = Console; // the name under which Airflow looks for what this file brought
