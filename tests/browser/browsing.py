"""What browsing the console does to Airflow itself: 20 people for a minute, beside a running loop.

    python -m tests.browser.browsing                # from the root; fills a home with the demo's year first
    python -m tests.browser.browsing --home DIR     # a home that `python -m tests.browser.records DIR` filled

Starts a real Airflow (SQLite, LocalExecutor) on the records, plays a loop of a second model into the same database, on
one thread as the demo's tasks do, and asks Airflow's own `/api/v2/version` ten times a second: with nobody about,
beside the loop, and while clients also go from page to page, each asking for all that a page shows and then reading it
for a second. To know what is the console's of that, the same clients ask once a page for a file, which takes a log-in
and no record, and, last, for a DAG, an answer of Airflow's own with a log-in and a permission.

Prints the percentiles of all, and how many failed. Ends with 1 if one of the console's failed, or of `version` beside
it, or if the 95th percentile of that is more than twice that of an idle Airflow. Times are wall times of this machine:
only the ratios say something on another one. With `--clients 40 --reading 0` nobody reads: it shows what gives way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import quantiles

import httpx
import yaml

from tests.browser.records import fill, settings_of
from tests.browser.site import CONSOLE, MODEL, Site, served

PAUSE_SECONDS = 0.1
MOST_RATIO = 2.0
API = "/evergreen/api/models"
ONE = f"{API}/deliveries"
LOOP = "beside"
OURS = "the console"
Pages = Sequence[Sequence[str]]


class Asked:
    """Milliseconds of each answer, and what failed; shared by all clients."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self.failed: list[str] = []
        self._lock = threading.Lock()

    def __getstate__(self) -> tuple[list[float], list[str]]:
        return self.milliseconds, self.failed

    def __setstate__(self, state: tuple[list[float], list[str]]) -> None:
        self.milliseconds, self.failed = state
        self._lock = threading.Lock()

    def get(self, client: httpx.Client, path: str) -> None:
        begun = time.perf_counter()
        try:
            status = client.get(path).status_code
            problem = "" if status == httpx.codes.OK else f"{status} {path}"
        except httpx.HTTPError as error:
            problem = f"{type(error).__name__} {path}"
        with self._lock:
            self.milliseconds.append(1000 * (time.perf_counter() - begun))
            self.failed += [problem] if problem else []

    def percentile(self, share: int) -> float:
        return quantiles(self.milliseconds, n=100)[share - 1]


def pages_of(site: Site) -> dict[str, list[str]]:
    """All that each page asks the API for, by the page's address; a test holds it against a browser.

    A version's page asks for its card when one scrolls down to it.
    """
    head, story = site.get(ONE), site.get(f"{ONE}/story")
    decision, champion = story["decisions"][-1]["id"], head["row"]["champion"]["version"]
    about = [
        f"{ONE}/{one}"
        for one in ("story", "drift", "versions", f"versions/{champion}", "spec", "audit?acts=true&limit=15")
    ]
    versions = [one["version"] for one in site.get(f"{ONE}/versions")["versions"]]
    return {
        CONSOLE: [API],
        MODEL: [ONE, *about],
        f"{MODEL}/decisions/{decision}": [f"{ONE}/decisions/{decision}"],
        f"{MODEL}/replays": [f"{ONE}/replays"],
        **{
            f"{MODEL}/versions/{one}": [f"{ONE}/versions/{one}{rest}" for rest in ("", "/compared", "/card")]
            for one in versions
        },
        **{f"{MODEL}/batches/{one['start']}": [f"{ONE}/batches/{one['start']}"] for one in story["batches"]},
    }


def browse(site: Site, pages: Pages, asked: Asked, *, until: float, reading: float, seed: int) -> None:
    """Go from page to page until a moment."""
    random = Random(seed)
    with _client(site) as client:
        while time.monotonic() < until:
            for path in random.choice(pages):
                asked.get(client, path)
            time.sleep(reading * random.uniform(0.5, 1.5))


def crowd(site: Site, pages: Pages, clients: int, seconds: float, reading: float) -> Asked:
    """Let so many people browse for a time."""
    asked, until = Asked(), time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        for number in range(clients):
            pool.submit(browse, site, pages, asked, until=until, reading=reading, seed=number)
    return asked


def watch(site: Site, seconds: float) -> Asked:
    """Ask Airflow for its version all the time."""
    asked, until = Asked(), time.monotonic() + seconds
    with _client(site) as client:
        while time.monotonic() < until:
            asked.get(client, "/api/v2/version")
            time.sleep(PAUSE_SECONDS)
    return asked


def _client(site: Site) -> httpx.Client:
    headers = {"Authorization": f"Bearer {site.token}"}
    return httpx.Client(base_url=site.address, headers=headers, timeout=30, trust_env=False)


def loop_of(home: Path) -> subprocess.Popen[bytes]:
    """Play the demo's year once more, as another model and then another, into the same records, until it is ended."""
    spec = yaml.safe_load((home / "models" / "deliveries.yaml").read_text()) | {"model": LOOP}
    path = home / f"{LOOP}-{time.time_ns()}.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    program = (
        "import sys; from itertools import count; from pathlib import Path; "
        "from demo.simulator import START, WEEK, WEEKS; "
        "from ml.flows.loop import run; from ml.flows.workspace import Workspace; from ml.specs import load_spec; "
        "from tests.browser.records import settings_of\n"
        "with Workspace.open(settings_of(Path(sys.argv[1]))) as workspace:\n"
        "    spec = load_spec(Path(sys.argv[2]))\n"
        "    for number in count(1):\n"
        "        another = spec.model_copy(update={'model': f'{spec.model}-{number}'})\n"
        "        run(workspace, another, start=START, end=START + WEEKS * WEEK)\n"
    )
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    # Linux shares the cores among sessions: as a task of Airflow's, it is in none with whoever asks.
    command = [sys.executable, "-c", program, str(home), str(path)]
    return subprocess.Popen(command, env=one_thread, start_new_session=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--reading", type=float, default=1.0, metavar="SECONDS", help="before the next page")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergreen-browsing-") as folder:
        home = given.home or Path(folder) / "home"
        if not settings_of(home).database_url or not (home / "evergreen.db").exists():
            home.mkdir(parents=True, exist_ok=True)
            fill(home)
        with served(Path(folder) / "airflow", home) as site:
            return measure(site, home, given.clients, given.seconds, given.reading)


def measure(site: Site, home: Path, clients: int, seconds: float, reading: float) -> int:
    crowds = {
        "a file": [["/evergreen/static/leaf.svg"]],
        OURS: list(pages_of(site).values()),
        "a DAG of Airflow's": [["/api/v2/dags/deliveries"]],
    }
    watch(site, 5)
    version, answers = {"idle": watch(site, seconds / 2)}, {}
    loop = loop_of(home)
    try:
        time.sleep(5)
        version["beside a loop"] = watch(site, seconds / 2)
        # In a process and a session of their own: whoever watches must wait for them neither at his own interpreter's
        # lock nor for his share of the cores.
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=os.setsid) as aside:
            aside.submit(len, ()).result()  # it is there before the minute begins
            for name, pages in crowds.items():
                others = aside.submit(crowd, site, pages, clients, seconds, reading)
                version[name] = watch(site, seconds)
                answers[name] = others.result()
        running = loop.poll() is None
    finally:
        loop.kill()
        loop.wait()
    return report(version, answers, running)


def report(version: Mapping[str, Asked], answers: Mapping[str, Asked], loop_ran: bool) -> int:
    idle = version["idle"].percentile(95)
    for title, parts in (("/api/v2/version, asked for beside", version), ("what was asked for itself", answers)):
        print(f"{title:<34} {'answers':>8} {'failed':>7} {'median ms':>10} {'p95 ms':>8} {'of idle':>8}")
        for name, one in parts.items():
            middle, high = one.percentile(50), one.percentile(95)
            counts = f"{len(one.milliseconds):>8} {len(one.failed):>7}"
            print(f"{name:<34} {counts} {middle:>10.1f} {high:>8.1f} {high / idle:>8.2f}")
    failed = answers[OURS].failed + version[OURS].failed
    print(
        f"failed: {len(failed)} {failed[:3]}; the loop {'ran all the time' if loop_ran else 'was over before the end'}"
    )
    return 1 if failed or version[OURS].percentile(95) > MOST_RATIO * idle else 0


if __name__ == "__main__":
    sys.exit(main())
