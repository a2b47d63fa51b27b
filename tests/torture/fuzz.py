"""Throws altered files at the source readers, and altered YAML at the spec loader: an answer, or an error of ours."""

from __future__ import annotations

import gzip
import hashlib
import random
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ml.domain.errors import EvergreenError
from ml.profiles import freeze, infer_schema, profile_frame
from ml.specs import ModelSpec, load_spec
from ml.validation import validate
from tests.data.bad import CORPUS, good, parquet, table, text
from tests.integration.test_bad_data import WINDOW, read, spec_of

SPECS = Path(__file__).parents[1] / "specs"
KEPT = Path(__file__).parent / "corpus"
"""Inputs that once broke something, under ``specs`` and each ending of a file; every run of the tests plays them."""
_TOKENS = (b"", b",", b'"', b"\n", b"\r", b"\x00", b"\xff", b"-", b"NaN", b"1e400", b"2026-13-01", b"\xef\xbb\xbf")
_YAML = (b": ", b"- ", b"&a ", b"*a", b"!!python/object:os.system ", b"{", b"}", b"[", b"'", b"|\n", b"?", b"\t", b"1d")


@dataclass
class Fuzzed:
    """What came of it: ``broken`` holds inputs with the traceback that each led to."""

    runs: int = 0
    answered: int = 0
    refused: int = 0
    broken: list[tuple[bytes, str]] = field(default_factory=list)


def altered(data: bytes, rng: random.Random, tokens: tuple[bytes, ...], others: list[bytes]) -> bytes:
    """Change a file in a few places: flip, cut, double, insert, splice with another."""
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        to = min(len(data), at + rng.randint(0, 40))
        kind = rng.randrange(6)
        if kind == 0 and at < len(data):
            data = data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[to:]
        elif kind == 2:
            data = data[:to] + data[at:to] * rng.randint(1, 3) + data[to:]
        elif kind == 3:
            data = data[:at] + rng.choice(tokens) + data[to:]
        elif kind == 4:
            other = rng.choice(others)
            start = rng.randrange(len(other) + 1)
            data = data[:at] + other[start : start + rng.randint(0, 200)] + data[at:]
        else:
            data = data[:at] + rng.choice(tokens) + data[at:]
    return data


def fuzzed(
    seeds: list[bytes], tokens: tuple[bytes, ...], play: Callable[[bytes], None], *, seconds: float, seed: int
) -> Fuzzed:
    """Play altered inputs for some seconds."""
    rng, found, until = random.Random(seed), Fuzzed(), time.monotonic() + seconds
    while time.monotonic() < until:
        data = altered(rng.choice(seeds), rng, tokens, seeds)
        found.runs += 1
        try:
            play(data)
            found.answered += 1
        except EvergreenError:
            found.refused += 1
        except Exception:  # noqa: BLE001  # this is what is looked for
            found.broken.append((data, traceback.format_exc()))
    return found


def _reader_seeds() -> dict[str, list[bytes]]:
    """Small files of the corpus, by the ending that says how they are read."""
    files = [(bad.name, bad.content()) for bad in CORPUS if "hundred" not in bad.name and "bomb" not in bad.name]
    small = [(name, data) for name, data in files if len(data) < 20_000]
    endings: dict[str, list[bytes]] = {"csv": [], "csv.gz": [], "parquet": []}
    for name, data in small:
        ending = name.split(".", 1)[1]
        if ending in endings:
            endings[ending].append(data)
    # Half of the time a sound file is altered: most bad ones are refused at once.
    sound = {"csv": text(good()), "csv.gz": gzip.compress(text(good())), "parquet": parquet(table())}
    return {ending: [*seeds, *[sound[ending]] * (len(seeds) + 1)] for ending, seeds in endings.items()}


READERS = _reader_seeds()


def play_file(folder: Path, ending: str) -> Callable[[bytes], None]:
    """Read a file as a source, profile what was read, and validate it."""
    path = folder / f"orders.{ending}"
    whole = folder / "good.csv"
    whole.write_bytes(text(good()))
    spec = spec_of(whole)
    frame = read(spec).frame
    schema = infer_schema(frame, problem=spec.problem, time=spec.time, key=spec.key, features=spec.features)
    layout = freeze(frame, schema, key=spec.key, numeric_target=True)

    def play(data: bytes) -> None:
        path.write_bytes(data)
        mine: ModelSpec = spec_of(path)
        result = read(mine)
        profile = profile_frame(result.frame, layout)
        done = validate(result.frame, spec=mine, schema=schema, window=WINDOW, profile=profile, recent_rows=[])
        assert len(done.kept) + len(done.quarantined) == len(result.frame), "no row is lost"

    return play


def play_spec(folder: Path) -> Callable[[bytes], None]:
    """Load a spec from a file."""
    path = folder / "model.yaml"

    def play(data: bytes) -> None:
        path.write_bytes(data)
        load_spec(path)

    return play


def spec_seeds() -> list[bytes]:
    """The corpus of specs; a valid one is altered as often as all the others."""
    small = {path: path.read_bytes() for path in sorted(SPECS.rglob("*.yaml")) if path.stat().st_size < 20_000}
    valid = [data for path, data in small.items() if path.parent.name == "valid"]
    return [*small.values(), *valid * (len(small) // len(valid))]


def fuzz_readers(ending: str, *, seconds: float, seed: int = 0) -> Fuzzed:
    """Fuzz the readers of one kind of file."""
    with tempfile.TemporaryDirectory() as folder:
        return fuzzed(READERS[ending], _TOKENS, play_file(Path(folder), ending), seconds=seconds, seed=seed)


def fuzz_specs(*, seconds: float, seed: int = 0) -> Fuzzed:
    """Fuzz the spec loader."""
    with tempfile.TemporaryDirectory() as folder:
        return fuzzed(spec_seeds(), (*_YAML, *_TOKENS), play_spec(Path(folder)), seconds=seconds, seed=seed)


def keep(kind: str, found: Fuzzed) -> list[str]:
    """Write down what broke something, so that it is played from now on; return the reasons."""
    for data, _ in found.broken:
        path = KEPT / kind / hashlib.sha256(data).hexdigest()[:16]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [reason for _, reason in found.broken]


def kept(kind: str) -> list[bytes]:
    """What was written down."""
    return [path.read_bytes() for path in sorted((KEPT / kind).glob("*"))]
