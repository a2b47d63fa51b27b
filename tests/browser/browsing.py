"""What browsing the console does to Airflow itself: 20 people for a minute, beside a running loop.

    python -m tests.browser.browsing                # from the root; fills a home with the demo's year first
    python -m tests.browser.browsing --home DIR     # a home that `python -m tests.browser.records DIR` filled

Starts a real Airflow (SQLite, LocalExecutor) on the records, plays a loop of a second model into the same database, on
one thread as the demo's tasks do, and asks Airflow's own `/api/v2/version` ten times a second: with nobody about,
beside the loop, and while clients also go from page to page, each asking for all that a page shows and then reading it
for a second. To know what is the console's of that, the same clients ask as often for one file of the page, which takes
no log-in and no thread, and for one DAG, an answer of Airflow's own with a log-in and a permission.

Prints the percentiles of all, and how many failed. Ends with 1 if an answer failed or the 95th percentile of `version`
is more than twice that of an idle Airflow. Times are wall times of this machine: only the ratios say something on
another one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
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
READING_SECONDS = 1.0
MOST_RATIO = 2.0
API = "/evergreen/api/models"
ONE = f"{API}/deliveries"
LOOP = "beside"


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


def browse(site: Site, pages: Sequence[Sequence[str]], until: float, seed: int, asked: Asked) -> None:
    """Go from page to page until a moment."""
    random = Random(seed)
    with _client(site) as client:
        while time.monotonic() < until:
            for path in random.choice(pages):
                asked.get(client, path)
            time.sleep(READING_SECONDS * random.uniform(0.5, 1.5))


def crowd(site: Site, pages: Sequence[Sequence[str]], clients: int, seconds: float) -> Asked:
    """Let so many people browse for a time."""
    asked, until = Asked(), time.monotonic() + seconds
    with ThreadPoolExecutor(clients) as pool:
        for number in range(clients):
            pool.submit(browse, site, pages, until, number, asked)
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
    return subprocess.Popen([sys.executable, "-c", program, str(home), str(path)], env=one_thread)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="evergreen-browsing-") as folder:
        home = given.home or Path(folder) / "home"
        if not settings_of(home).database_url or not (home / "evergreen.db").exists():
            home.mkdir(parents=True, exist_ok=True)
            fill(home)
        with served(Path(folder) / "airflow", home) as site:
            return measure(site, home, given.clients, given.seconds)


def measure(site: Site, home: Path, clients: int, seconds: float) -> int:
    peers = {"a file": [["/evergreen/static/leaf.svg"]], "a DAG of Airflow's": [["/api/v2/dags/deliveries"]]}
    crowds = {**peers, "the console": list(pages_of(site).values())}
    version, answers = [], []
    watch(site, 5)
    version.append(("idle", watch(site, seconds / 2)))
    loop = loop_of(home)
    try:
        time.sleep(5)
        version.append(("beside a loop", watch(site, seconds / 2)))
        # In a process of their own: whoever watches must not wait for them at his own interpreter's lock.
        with ProcessPoolExecutor(1, get_context("spawn")) as aside:
            aside.submit(len, ()).result()  # it is there before the minute begins
            for name, pages in crowds.items():
                others = aside.submit(crowd, site, pages, clients, seconds)
                version.append((f"and {clients} ask for {name}", watch(site, seconds)))
                answers.append((f"their answers: {name}", others.result()))
        running = loop.poll() is None
    finally:
        loop.kill()
        loop.wait()
    return report(version, answers, running)


Named = Sequence[tuple[str, Asked]]


def report(version: Named, answers: Named, loop_ran: bool) -> int:
    print(f"{'/api/v2/version':<36} {'answers':>8} {'median ms':>10} {'p95 ms':>8} {'of idle':>8}")
    idle = version[0][1].percentile(95)
    for name, one in [*version, *answers]:
        high = one.percentile(95)
        print(f"{name:<36} {len(one.milliseconds):>8} {one.percentile(50):>10.1f} {high:>8.1f} {high / idle:>8.2f}")
    failed = [one for _, part in [*version, *answers] for one in part.failed]
    print(
        f"failed: {len(failed)} {failed[:3]}; the loop {'ran all the time' if loop_ran else 'was over before the end'}"
    )
    return 1 if failed or version[-1][1].percentile(95) > MOST_RATIO * idle else 0


if __name__ == "__main__":
    sys.exit(main())
