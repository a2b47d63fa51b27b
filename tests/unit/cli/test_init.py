"""init: what is guessed, what is written, and that it loads."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from ml.cli.guesses import Sure, batch_guess, column_guess, key_guess, moments_in, problem_guess, time_guess
from ml.specs import load_spec
from tests.unit.cli.conftest import Evergreen, shop_frame


def test_a_spec_is_drafted_from_a_csv_file_and_runs(evergreen: Evergreen, shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "drafted.yaml"
    made = evergreen("init", shop / "shop.csv", "--target", "returned", "-o", path, "--json")
    assert made.code == 0, made.err
    guesses = {item["what"]: (item["value"], item["sure"]) for item in made.document["guesses"]}
    assert guesses["problem"] == ("classification", "certain")
    assert guesses["time"] == ("ts", "certain")
    assert guesses["key"] == ("order_id", "likely")
    assert guesses["text"] == ("zip", "certain")
    assert guesses["batch"] == ("7d", "likely")
    spec = load_spec(path)
    assert spec.model == "shop"
    assert spec.key == ("order_id",)
    assert spec.source.kind == "file"
    assert spec.source.path == "shop.csv"
    assert spec.source.text_columns == ("zip",)
    assert spec.validation.columns["country"].categories == ("DK", "NO", "SE")
    assert spec.validation.columns["price"].min == 0
    assert "# " in path.read_text(encoding="utf-8")
    assert evergreen("spec", "check", path).code == 0
    assert evergreen("ingest", path, "--from", "2026-01-05").code == 0
    assert evergreen("validate", path).code == 0


def test_what_is_there_is_overwritten_with_force_only(evergreen: Evergreen, shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    refused = evergreen("init", shop / "shop.csv", "--target", "returned", "-o", path)
    assert refused.code == 2
    assert "is there already" in refused.err
    assert path.read_text(encoding="utf-8") == "mine"
    assert evergreen("init", shop / "shop.csv", "--target", "returned", "-o", path, "--force").code == 0
    assert load_spec(path).model == "shop"


def test_a_parquet_glob_is_read_by_its_first_file(evergreen: Evergreen, tmp_path: Path) -> None:
    frame = shop_frame().assign(ts=lambda table: pd.to_datetime(table["ts"]))
    (tmp_path / "sales").mkdir()
    frame.iloc[:600].to_parquet(tmp_path / "sales" / "a.parquet")
    frame.iloc[600:].to_parquet(tmp_path / "sales" / "b.parquet")
    made = evergreen("init", "sales/*.parquet", "--target", "price", "-o", tmp_path / "s.yaml")
    assert made.code == 0, made.err
    assert "the first of 2 files" in made.out
    assert load_spec(tmp_path / "s.yaml").problem.kind == "regression"
    assert load_spec(tmp_path / "s.yaml").model == "sales"


def test_a_table_becomes_a_query_with_bound_moments(evergreen: Evergreen, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as database:
        shop_frame().to_sql("orders", database, index=False)
    database.close()
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = evergreen(
        "init", "--connection", url, "--table", "orders", "--target", "returned", "-o", tmp_path / "o.yaml"
    )
    assert made.code == 0, made.err
    spec = load_spec(tmp_path / "o.yaml")
    assert spec.source.kind == "sql"
    assert spec.source.query == "SELECT * FROM orders WHERE ts >= :start AND ts < :end"


def test_semicolons_commas_and_words_for_nothing_are_noticed(evergreen: Evergreen, tmp_path: Path) -> None:
    rows = "".join(f"2026-01-{day:02d};{day},5;{'NA' if day == 3 else day};NO\n" for day in range(1, 29))
    (tmp_path / "german.csv").write_text("tag;preis;menge;land\n" + rows, encoding="utf-8")
    made = evergreen("init", "german.csv", "--target", "preis", "-o", tmp_path / "g.yaml")
    assert made.code == 0, made.err
    source = load_spec(tmp_path / "g.yaml").source
    assert source.kind == "file"
    assert (source.delimiter, source.decimal, source.null_values) == (";", ",", ("", "NA"))
    assert load_spec(tmp_path / "g.yaml").validation.columns["land"].categories == ("NO",)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("missing.csv", "--target", "y"), 4, "There is no file"),
        (("shop.csv",), 2, "--target is needed"),
        ((), 2, "--target is needed"),
        (("--target", "y"), 2, "give either DATA, or --connection and --table"),
        (("--target", "y", "--table", "a"), 2, "needs its connection too"),
        (("--target", "y", "--table", "a; drop", "--connection", "sqlite:///x"), 2, "cannot be a table"),
        (("empty.csv", "--target", "y"), 3, "empty.csv"),
        (("header.csv", "--target", "b"), 3, "has no rows"),
        (("timeless.csv", "--target", "b"), 3, "There is no column with moments"),
        (("timeless.csv", "--target", "z"), 3, "There is no target column 'z'; there are a, b"),
        (("timeless.csv", "--target", "b", "--time", "q"), 3, "There is no column 'q'"),
        (("latin.csv", "--target", "b"), 3, "is not UTF-8"),
        (("good.csv", "--target", "b", "--name", "No Name"), 2, "cannot name a model"),
    ],
)
def test_what_cannot_be_drafted_is_said(
    evergreen: Evergreen, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "header.csv").write_text("a,b\n", encoding="utf-8")
    (tmp_path / "timeless.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes(b"a,b\n1,caf\xe9\n")
    (tmp_path / "good.csv").write_text("a,b\n2026-01-01,2\n", encoding="utf-8")
    refused = evergreen("init", *arguments)
    assert refused.code == code
    assert said in " ".join(refused.err.replace("│", " ").split())


def test_columns_are_told_apart_by_their_texts() -> None:
    def kind(*texts: str) -> str:
        return column_guess(pd.Series(texts, name="x", dtype=object), as_text=True).type

    assert kind("1", "-2", "") == "integer"
    assert kind("1", "2.5e3") == "number"
    assert kind("00501", "12345") == "text"
    assert kind("2026-01-01", "2026-01-02T10:00:00Z") == "timestamp"
    assert kind("NO", "NA") == "text"
    assert kind("1", "NA") == "integer"
    assert kind("", "") == "text"


def test_several_moments_are_a_choice_by_name() -> None:
    created = column_guess(pd.Series(["2026-01-01", "2026-01-02"], name="created_at", dtype=object), as_text=True)
    birth = column_guess(pd.Series(["1990-01-01", "1991-01-02"], name="born", dtype=object), as_text=True)
    chosen, said = time_guess([birth, created], None)
    assert chosen is created
    assert said.sure is Sure.LIKELY
    assert "born" in said.why


@pytest.mark.parametrize(
    ("values", "kind", "sure"),
    [
        (["a", "b"] * 50, "classification", Sure.CERTAIN),
        (["0", "1"] * 50, "classification", Sure.CERTAIN),
        ([str(n % 5) for n in range(100)], "classification", Sure.LIKELY),
        ([str(n % 15) for n in range(100)], "classification", Sure.UNSURE),
        ([str(n) for n in range(100)], "regression", Sure.LIKELY),
        ([f"{n}.5" for n in range(100)], "regression", Sure.CERTAIN),
    ],
)
def test_the_problem_follows_from_the_target(values: list[str], kind: str, sure: Sure) -> None:
    found, said = problem_guess(column_guess(pd.Series(values, name="y", dtype=object), as_text=True), len(values))
    assert (found, said.sure) == (kind, sure)


def test_a_key_is_unique_and_called_so() -> None:
    numbers = pd.Series([str(n) for n in range(10)], dtype=object)
    unique, named = (column_guess(numbers.rename(name), as_text=True) for name in ("amount", "order_id"))
    assert key_guess([unique, named], 10, set())[0] == ("order_id",)
    assert key_guess([unique], 10, set())[0] == ()
    assert key_guess([named], 11, set())[0] == ()


@pytest.mark.parametrize(
    ("frequency", "rows", "batch"),
    [("30min", 10_000, "7d"), ("1min", 10_000, "6h"), ("1D", 900, "364d"), ("1h", 2_000, "7d")],
)
def test_a_batch_holds_some_hundred_rows(frequency: str, rows: int, batch: str) -> None:
    moments = pd.Series(pd.date_range("2026-01-01", periods=rows, freq=frequency, tz="UTC"))
    assert batch_guess(moments)[0] == batch
    assert moments_in(moments.astype(str).astype(object)).equals(moments)
