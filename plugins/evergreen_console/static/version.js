// One version: what it is, what it saw, how it was judged, what became of it; and what a person may do about it.
import { Badge, Box, HStack, Stack, Text, h, useParams } from "./host.js";
import { addressOf, ofModel, useAnswer } from "./api.js";
import { Compare } from "./compare.js";
import { Curves } from "./curves.js";
import { Frame } from "./frame.js";
import { Importance } from "./importance.js";
import { LineageFigure } from "./lineage.js";
import { RollBack } from "./act.js";
import { Reject, Waits, Word } from "./approvals.js";
import { Answered, Block, Empty, Facts, Link, Mono, Page, RIGHT, Rows, RunLink, Section, Stage, to } from "./parts.js";
import { IntervalFigure } from "./interval.js";
import { batch, count, many, moment, number, short, signed } from "./words.js";

export function Version() {
  const { model, version: wanted } = useParams();
  const answer = useAnswer(ofModel(model, "versions", wanted));
  const { page, waits, may_act: may } = answer.data ?? {};
  const version = page?.version;
  const done = answer.reload;
  return h(Page, {
    crumbs: [["Models", to.models()], [model, to.model(model)]], title: `Version ${wanted}`, note: page?.gate?.sentence,
    beside: version && h(HStack, { flex: 1, justify: "space-between", wrap: "wrap" }, h(Stage, { stage: page.held ? "held" : version.stage }),
      waits && h(Waits, { one: waits }), waits && may && h(Word, { done, waiting: waits }),
      page.held && may && h(Reject, { done, of: { model, version: version.version } }),
      may && version.stage === "retired" && h(RollBack, { champion: page.champion, done, model, path: ofModel(model, "rollback"), version: version.version })),
  }, h(Answered, { answer, height: "24rem" }, ({ metric, run }) => h(Told, { data: page, metric, model, run })));
}

const Told = ({ data, data: { version, gate, held, served, shadow, snapshots }, metric, model, run }) =>
  h(Stack, { gap: 4 },
    h(Section, { title: "What it is" }, h(Facts, { facts: [
      ["Estimator", version.manifest.estimator],
      ["Trained on rows", `${moment(version.trained_from)} – ${moment(version.trained_until)}${version.manifest.rows ? ` (${count(version.manifest.rows)})` : ""}`],
      version.refit_until && ["Fitted again on all rows until", moment(version.refit_until)],
      ["Decision", h(Link, { to: to.decision(model, version.run_key) }, short(version.run_key, 34))],
      ["Run in Airflow", h(RunLink, { run })],
      version.manifest.seconds !== undefined && ["Training took", `${number(version.manifest.seconds)} s`],
      ["Code", h(Mono, null, version.manifest.code_version)],
      ["Model file, SHA-256", h(Box, null, h(Mono, { title: version.refit_sha256 ?? version.model_sha256 }, short(version.refit_sha256 ?? version.model_sha256, 24)), " ",
        h(Box, { as: "a", color: "fg.info", download: "", href: addressOf(ofModel(model, "versions", version.version, "file")), textDecoration: "underline" }, "Download"))],
    ] })),
    h(Section, { title: "Verdict of the gate", beside: gate && `${count(gate.rows)} held-out rows, later than anything either had seen` },
      gate === null ? h(Empty, { title: "Not judged yet" }, "The gate compares it with the champion when the retraining goes on.") : h(Compared, { gate, metric, model })),
    (held || shadow) && h(Section, { title: "In the shadow" }, h(Text, null, shadow ? shadow.sentence : "Held: it scores along until enough batches have labels, and is compared with the champion once more.")),
    gate && h(Section, { title: "Checks of the gate", beside: `${count(gate.findings.length)}, the passed and the not applicable ones too` }, h(Checks, { gate })),
    h(Section, { title: "Compared with another version" }, h(Compare, { metric, model, page: data })),
    gate && h(Section, { title: "On the held-out rows", beside: "what the judged version predicted, beside what came" }, h(Curves, { gate })),
    h(Section, { title: "Importance", beside: "how far predictions move when a feature is shuffled" }, h(Importance, { shares: version.manifest.reference?.importance })),
    h(Section, { title: "Champion", beside: "every time it became that" }, h(Served, { model, served })),
    h(Section, { title: "Made from", beside: many(snapshots.length, "snapshot") }, h(Stack, { gap: 3 }, h(LineageFigure, { model, page: data }), h(Lineage, { model, snapshots }))),
    h(Section, { title: "How it was made" }, h(Made, { manifest: version.manifest })),
    h(Section, { title: "Model card" }, h(Frame, { path: ofModel(model, "versions", version.version, "card"), title: `Model card of ${model}, version ${version.version}` })));

/** How it was tested, and what so many rows can show at all. */
function evidence({ evidence: found, rows }) {
  return [
    found.method && `Tested by ${found.method.replaceAll("_", " ")}${found.block > 1 ? ` in blocks of ${count(found.block)} rows` : ""}.`,
    found.resolution !== undefined && `${count(rows)} labelled rows can show differences of ${number(found.resolution, 2)} or more.`,
    found.attempt !== undefined && (found.attempt > 1 ? `Attempt ${found.attempt} on rows like these: the confidence is raised accordingly.` : "The first attempt on these rows."),
    found.over_best && `Over the best champion so far ${signed(found.over_best.difference)} (${signed(found.over_best.interval[0])} to ${signed(found.over_best.interval[1])}).`,
  ].filter(Boolean).join(" ");
}

function Compared({ gate, metric, model }) {
  const other = gate.metrics.champion ? "champion" : Object.keys(gate.metrics).find((name) => name !== "challenger");
  const rows = Object.entries(gate.metrics.challenger ?? {}).map(([name, value]) => ({ name, value, other: gate.metrics[other]?.[name] ?? null }));
  const against = gate.champion === null ? "always predicting the same" : h(Link, { textDecoration: "underline", to: to.version(model, gate.champion) }, `version ${gate.champion}`);
  return h(Stack, { gap: 4 },
    gate.interval && h(IntervalFigure, { gate, metric }),
    h(Text, { color: "fg.muted", fontSize: "sm" }, evidence(gate), " Beside it, on the same rows: ", against, "."),
    h(Rows, { name: "Metrics", rows, keyOf: (row) => row.name, columns: [
      ["Metric", (row) => h(HStack, { gap: 2 }, h(Text, { fontWeight: row.name === metric ? "semibold" : "normal" }, row.name), row.name === metric && h(Badge, { size: "xs", variant: "subtle" }, "primary"))],
      ["This version", (row) => number(row.value, 4), RIGHT],
      ["Interval", (row) => { const found = gate.evidence.intervals?.[row.name]; return found ? `${number(found[0])} to ${number(found[1])}` : "–"; }, RIGHT],
      [gate.champion === null ? "A constant" : "The champion then", (row) => number(row.other, 4), RIGHT],
      ["Difference", (row) => (row.other === null ? "–" : signed(row.value - row.other)), RIGHT],
    ] }));
}

const OUTCOMES = { passed: ["●", "green"], failed: ["■", "red"], warning: ["▲", "orange"], overridden: ["◆", "purple"], not_applicable: ["–", "gray"], cannot_tell: ["?", "orange"] };

const Checks = ({ gate }) =>
  h(Rows, { name: "Checks", rows: gate.findings, columns: [
    ["Outcome", (one) => { const [mark, palette] = OUTCOMES[one.outcome] ?? ["?", "gray"]; return h(Badge, { colorPalette: palette, variant: "subtle", whiteSpace: "nowrap" }, h("span", { "aria-hidden": true }, mark), one.outcome.replaceAll("_", " ")); }],
    ["Check", (one) => h(Text, { whiteSpace: "nowrap" }, `${one.code} ${one.subject}`)],
    ["Seen", (one) => h(Text, { minWidth: "14rem" }, one.seen)],
    ["Expected", (one) => h(Text, { minWidth: "10rem" }, one.expected)],
    ["What to do", (one) => (one.outcome === "failed" || one.outcome === "cannot_tell" ? one.remedy : "")],
  ] });

const Served = ({ served, model }) =>
  served.length === 0
    ? h(Text, { color: "fg.muted" }, "Never.")
    : h(Rows, { name: "Changes of champion", rows: served, keyOf: (one) => one.generation, columns: [
        ["As of", (one) => moment(one.as_of), { whiteSpace: "nowrap" }],
        ["Act", (one) => one.act],
        ["Before", (one) => (one.from_version === null ? "none" : h(Link, { to: to.version(model, one.from_version) }, `version ${one.from_version}`)), { whiteSpace: "nowrap" }],
        ["Why", (one) => h(Text, { minWidth: "16rem" }, one.reason)],
        ["By", (one) => one.actor],
        ["Written", (one) => moment(one.created_at), { whiteSpace: "nowrap" }],
      ] });

const Lineage = ({ model, snapshots }) =>
  snapshots.length === 0
    ? h(Text, { color: "fg.muted" }, "The record of this version names no snapshots.")
    : h(Box, { maxHeight: "20rem", overflowY: "auto", tabIndex: 0, role: "region", "aria-label": "Snapshots that it was made from" }, h(Rows, { name: "Snapshots", rows: snapshots.toReversed(), keyOf: (one) => one.id, columns: [
        ["Batch", (one) => h(Link, { to: to.batch(model, one.start) }, batch(one.start, one.end)), { whiteSpace: "nowrap" }],
        ["What", (one) => one.role],
        ["Rows", (one) => count(one.rows), RIGHT],
        ["SHA-256", (one) => h(Mono, { title: one.sha256 }, short(one.sha256, 16))],
        ["Source", (one) => one.source],
      ] }));

const HIDDEN = new Set(["snapshots", "trials", "windows", "windows_left", "features"]);

const Made = ({ manifest }) =>
  h(Stack, { gap: 3 },
    manifest.windows?.length > 1 && h(Rows, { name: "Training windows that were tried", rows: manifest.windows, columns: [
      ["Window", (one) => said(one.window)], ["Rows", (one) => count(one.rows), RIGHT], ["Metric on the held-out rows", (one) => number(one.metric, 4), RIGHT], ["Chance that it is no better than the first", (one) => (one.chance === null || one.chance === undefined ? "–" : number(one.chance)), RIGHT],
    ] }),
    h(Block, { name: "Manifest" }, JSON.stringify(Object.fromEntries(Object.entries(manifest).filter(([name]) => !HIDDEN.has(name))), null, 2)));

const said = (window) => Object.values(window).filter((value) => value !== null).join(" ");
