"""The model card of a version, as Markdown and as HTML; both are written from the same sections.

The order follows Mitchell et al., *Model Cards for Model Reporting* (2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

from ml.domain.findings import Finding, Outcome
from ml.domain.records import Promotion
from ml.reports.custody import erased_sentence
from ml.reports.replay.style import STYLE
from ml.reports.tables import Column, Table, markdown, moment, number
from ml.views.card import ModelCard, primary_of

_PARTS = ("PG009", "PG010")
_SHOWN_BATCHES = 20
_NOT_SAID = "not said"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with sentences, and a table perhaps."""

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None


def sections(card: ModelCard) -> tuple[Section, ...]:
    """Return what a card says, in its order."""
    return (
        _use(card),
        _data(card),
        _metrics(card),
        _in_service(card),
        _parts(card),
        _limits(card),
        _lineage(card),
        _approvals(card),
    )


def title_of(card: ModelCard) -> str:
    """Return the heading of a card."""
    stage = "held in the shadow" if card.held else card.version.stage.value
    return f"{card.version.model}, version {card.version.version} ({stage})"


def card_markdown(card: ModelCard) -> str:
    """Write a card in Markdown."""
    lines = [f"# {title_of(card)}"]
    for section in sections(card):
        lines += ["", f"## {section.title}"]
        lines += [line for sentence in section.sentences for line in ("", _text(sentence))]
        if section.table is not None:
            lines += ["", markdown(_safe(section.table)).rstrip()]
    return "\n".join(lines) + "\n"


def card_html(card: ModelCard) -> str:
    """Write a card as one HTML page that needs nothing else; every text from the records is escaped."""
    heading = escape(title_of(card))
    body = "\n".join(_section_html(section) for section in sections(card))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="color-scheme" content="light dark">\n<title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n<h1>{heading}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _section_html(section: Section) -> str:
    paragraphs = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in section.sentences)
    table = "" if section.table is None else _table_html(section.table)
    return f"<section>\n<h2>{escape(section.title)}</h2>\n{paragraphs}\n{table}\n</section>"


def _table_html(table: Table) -> str:
    head = "".join(f"<th>{escape(column.heading)}</th>" for column in table.columns)
    rows = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _text(sentence: str) -> str:
    """Keep a text from the records from being read as Markdown or HTML."""
    safe = sentence.replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for character in "`*_[]>#|":
        safe = safe.replace(character, f"\\{character}")
    return " ".join(safe.split())


def _safe(table: Table) -> Table:
    rows = tuple(tuple(_text(cell).replace("\\|", "|") for cell in row) for row in table.rows)
    return replace(table, rows=rows)


def _use(card: ModelCard) -> Section:
    spec, problem = card.spec, card.spec.get("problem", {})
    return Section(
        "Intended use",
        (
            str(spec.get("description") or "The spec has no description."),
            f"A {problem.get('kind', _NOT_SAID)} of {problem.get('target', _NOT_SAID)}, judged by {primary_of(spec)}. "
            f"Owner: {spec.get('owner', _NOT_SAID)}.",
            f"Estimator: {card.version.manifest.get('estimator', _NOT_SAID)}.",
        ),
    )


def _data(card: ModelCard) -> Section:
    version, manifest = card.version, card.version.manifest
    features = ", ".join(map(str, manifest.get("features", ()))) or _NOT_SAID
    refit = ""
    if version.refit_until is not None:
        refit = f" After the verdict it was fitted once more, on rows up to {moment(version.refit_until)}."
    return Section(
        "Training data",
        (
            f"{manifest.get('rows', _NOT_SAID)} labelled rows from {moment(version.trained_from)} to "
            f"{moment(version.trained_until)}.{refit}",
            f"Features: {features}.",
            f"Held out to judge on: {manifest.get('holdout_rows', _NOT_SAID)} rows from "
            f"{str(manifest.get('holdout_from', _NOT_SAID))[:16].replace('T', ' ')}.",
        ),
    )


def _metrics(card: ModelCard) -> Section:
    gate = card.gate
    if gate is None:
        return Section("Metrics", ("The version was not judged.",))
    others = [who for who in ("champion", "dummy", "best") if who in gate.metrics]
    names = {"champion": "champion then", "dummy": "a constant", "best": "best champion so far"}
    intervals = gate.evidence.get("intervals", {})
    rows = tuple(
        (
            name,
            number(value),
            "–" if name not in intervals else f"{number(intervals[name][0])} to {number(intervals[name][1])}",
            *(number(gate.metrics[who][name]) if name in gate.metrics[who] else "–" for who in others),
        )
        for name, value in gate.metrics.get("challenger", {}).items()
    )
    columns = (
        Column("metric"),
        Column("this version", right=True),
        Column("95 % interval", right=True),
        *(Column(names[who], right=True) for who in others),
    )
    said = [gate.sentence]
    if "resolution" in gate.evidence:
        said.append(
            f"{gate.rows} rows can show differences of {gate.evidence['resolution']:.2g} or more "
            f"({gate.evidence.get('method', _NOT_SAID)}, attempt {gate.evidence.get('attempt', 1)} on these rows)."
        )
    said += [] if card.shadow is None else [card.shadow.sentence]
    return Section("Metrics on the held-out rows", tuple(said), Table(columns, rows))


def _in_service(card: ModelCard) -> Section:
    if not card.served:
        return Section("In service", ("No labelled batch that it served is on record.",))
    columns = (Column("batch"), Column("rows", right=True), Column(primary_of(card.spec), right=True))
    newest = card.served[-_SHOWN_BATCHES:]
    rows = tuple((moment(one.window.start), f"{one.rows:,}", number(one.value)) for one in newest)
    return Section(
        "In service", (f"The newest {len(newest)} of {len(card.served)} labelled batches.",), Table(columns, rows)
    )


def _parts(card: ModelCard) -> Section:
    found = [one for one in _findings(card) if one.code in _PARTS and one.outcome is not Outcome.NOT_APPLICABLE]
    if not found:
        return Section("Parts and groups", ("Not looked at: the spec has neither gate.slices nor gate.fairness.",))
    return Section("Parts and groups", (), _table(found))


def _limits(card: ModelCard) -> Section:
    quiet = (Outcome.PASSED, Outcome.NOT_APPLICABLE)
    loud = [one for one in _findings(card) if one.outcome not in quiet]
    unasked = [one.code for one in _findings(card) if one.outcome is Outcome.NOT_APPLICABLE]
    said = ["It knows nothing of rows unlike those that it learned from; drift is watched for that reason."]
    said += ["No check of the gate found anything against it."] if card.gate is not None and not loud else []
    said += [f"Not looked at: {', '.join(dict.fromkeys(unasked))}."] if unasked else []
    return Section("Limits", tuple(said), _table(loud) if loud else None)


def _findings(card: ModelCard) -> tuple[Finding, ...]:
    return () if card.gate is None else card.gate.findings


def _table(findings: list[Finding]) -> Table:
    columns = (Column("code"), Column("outcome"), Column("of"), Column("seen"), Column("expected"))
    rows = tuple(
        (one.code, one.outcome.value.replace("_", " "), one.subject, one.seen, one.expected) for one in findings
    )
    return Table(columns, rows)


def _lineage(card: ModelCard) -> Section:
    version, manifest = card.version, card.version.manifest
    libraries = manifest.get("libraries", {})
    rows = (
        ("decision", version.run_key),
        ("model file, SHA-256", version.serving_sha256),
        ("rows, SHA-256", str(manifest.get("rows_sha256", _NOT_SAID))),
        ("snapshots", str(len(manifest.get("snapshots", ())))),
        ("spec, SHA-256", str(manifest.get("spec_sha256", _NOT_SAID))),
        ("code", str(manifest.get("code_version", _NOT_SAID))),
        ("seed", str(manifest.get("seed", _NOT_SAID))),
        ("parameters", ", ".join(f"{k}={v}" for k, v in manifest.get("parameters", {}).items()) or "the defaults"),
        ("libraries", ", ".join(f"{name} {one}" for name, one in libraries.items())),
    )
    return Section("Lineage", tuple(_why(card)), Table((Column("what"), Column("which")), rows))


def _why(card: ModelCard) -> Iterator[str]:
    if card.decision is not None:
        yield f"Trained as of {moment(card.decision.as_of)}, because: {card.decision.sentence}"
    for seen in card.erased:
        yield f"It had seen rows that are erased. {erased_sentence(seen)} It cannot be reproduced bit for bit."


def _approvals(card: ModelCard) -> Section:
    if not card.promotions:
        return Section("Approvals", ("It never was the champion.",))
    columns = (Column("as of"), Column("act"), Column("by"), Column("reason"))
    rows = tuple((moment(one.as_of), _act(card, one), one.actor or _NOT_SAID, one.reason) for one in card.promotions)
    return Section("Approvals", (), Table(columns, rows))


def _act(card: ModelCard, change: Promotion) -> str:
    if change.to_version == card.version.version:
        return "went live" if change.act.value == "promote" else "came back by rollback"
    return f"gave way to v{change.to_version} ({change.act.value})"
