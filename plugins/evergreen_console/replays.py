"""What the API shows of replays."""

from dataclasses import dataclass

from fastapi import Response

from evergreen_console.routes import Model, Sandbox, asked, of_model, page_of
from ml.views.console.replays import ReplayLine, ReplayView, replay_record, replay_view, replays_page

replays = of_model("replays")


@dataclass(frozen=True)
class Replayed:
    """A replay, and each of its policies as it is pasted into a spec."""

    replay: ReplayView
    yaml: dict[str, str]


@replays.get("/replays")
def list_replays(model: Model) -> tuple[ReplayLine, ...]:
    """Replays of policies over the model's past, the newest first."""
    return asked(replays_page, model)


@replays.get("/replays/{replay_id}")
def show_replay(model: Model, replay_id: str) -> Replayed:
    """One replay: what each policy would have cost, and which to use."""
    from ml.reports.replay.words import policy_yaml

    found = replay_view(asked(replay_record, model, replay_id))
    return Replayed(found, {one.name: policy_yaml(one.policy) for one in found.outcomes})


@replays.get("/replays/{replay_id}/page", response_class=Response)
def show_replay_page(model: Model, replay_id: str) -> Response:
    """The replay as a page of its own, which runs no script and fetches nothing."""
    return page_of(asked(replay_record, model, replay_id).page_sha256, Sandbox.STILL)
