"""A spec with errors is seen, and touches no other model."""

import pytest


def test_a_broken_spec_becomes_a_dag_that_says_why_and_the_others_load(write, bag):
    write("orders")
    path = write("parcels", "polcy: {}", "gate: {holdout: 7}")
    dags = bag().dags
    assert sorted(dags) == ["orders", "orders.retrain", "parcels"]
    broken = dags["parcels"]
    assert broken.tags == {"evergreen", "broken-spec"}
    for part in (str(path), "polcy", "gate.holdout"):
        assert part in broken.doc_md
    assert [task.task_id for task in broken.tasks] == ["broken_spec"]


def test_its_task_fails_with_the_errors_and_the_remedy(write, bag):
    from ml.domain.errors import SpecError

    write("parcels", "polcy: {}")
    task = bag().dags["parcels"].get_task("broken_spec")
    with pytest.raises(SpecError, match=r"(?s)polcy.*What to do: correct the file"):
        task.python_callable(*task.op_args)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('schedule: "99 * * * *"', "99"),
        ('tags: ["' + "x" * 101 + '"]', "100 characters"),
    ],
)
def test_what_only_airflow_refuses_is_shown_likewise(write, bag, line, words):
    write("orders")
    write("parcels", line)
    dags = bag().dags
    assert sorted(dags) == ["orders", "orders.retrain", "parcels"]
    assert words in dags["parcels"].doc_md


def test_too_many_moments_are_refused_in_words(write, bag):
    path = write("parcels", 'schedule: "@hourly"', "start: 2026-01-01", "end: 2026-12-01")
    path.write_text(path.read_text().replace("batch: 7d", "batch: 1h"))
    assert "more than 5000 batches lie between start and end" in bag().dags["parcels"].doc_md


def test_a_model_that_two_files_describe_is_shown_twice_as_broken(write, bag):
    write("orders")
    write("parcels", file="a.yaml")
    write("parcels", file="b.yaml")
    dags = bag().dags
    assert sorted(dags) == ["a", "b", "orders", "orders.retrain"]
    assert "also described by b.yaml" in dags["a"].doc_md
    assert "also described by a.yaml" in dags["b"].doc_md


def test_twins_are_seen_across_parts(write, models):
    from evergreen_dags.specs import load_specs

    for name in "abcdefgh":
        write("parcels", file=f"{name}.yaml")
    parts = [load_specs(models, part=part, parts=3) for part in (1, 2, 3)]
    assert sum(len(broken) for _, broken in parts) == 8
    assert [sound for sound, _ in parts] == [[], [], []]


def test_the_placeholder_never_takes_the_id_of_a_sound_model(write, bag):
    write("parcels", file="other.yaml")
    write("nobody", "polcy: {}", file="parcels.yaml")
    assert sorted(bag().dags) == ["parcels", "parcels.retrain", "parcels.yaml"]


def test_rubbish_among_the_specs(models, write, bag):
    write("orders")
    (models / "README.md").write_text("no spec")
    (models / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    (models / "list.yml").write_text("- 1\n")
    (models / "empty.yaml").write_text("")
    (models / "folder.yaml").mkdir()
    assert sorted(bag().dags) == ["bytes", "empty", "list", "orders", "orders.retrain"]


def test_no_folder_is_no_model(models, bag, monkeypatch):
    monkeypatch.setenv("EVERGREEN_MODELS_DIR", str(models / "nowhere"))
    assert bag().dags == {}
