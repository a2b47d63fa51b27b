"""Throws altered files at the source readers, and altered YAML at the spec loader: an answer, or an error of ours.

    python -m tests.torture.fuzz parquet --seconds 60 [--seed 0]

A campaign plays in a process of its own and writes each input down before it is played, so that one that ends the
process is found too.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

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


def altered_footer(data: bytes, rng: random.Random) -> bytes:
    """Change a Parquet file's footer only, and say its length as it is then, so that it is taken for one."""
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = bytearray(data[max(start, 0) : -8])
    for _ in range(rng.choice((1, 1, 1, 2, 3)) if footer else 0):
        at, kind = rng.randrange(len(footer)), rng.randrange(3)
        if kind == 0:
            footer[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            footer[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        else:
            footer[at : at + 1] = rng.randbytes(rng.randint(0, 2))
        footer = footer or bytearray(1)
    return data[: max(start, 0)] + bytes(footer) + len(footer).to_bytes(4, "little") + data[-4:]


Alter = Callable[[bytes, random.Random, tuple[bytes, ...], list[bytes]], bytes]


def altered_parquet(data: bytes, rng: random.Random, tokens: tuple[bytes, ...], others: list[bytes]) -> bytes:
    """Change a Parquet file anywhere, or its footer alone: that one is far from the larger part of a file."""
    if rng.random() < 0.5 and data[-4:] == b"PAR1":
        return altered_footer(data, rng)
    return altered(data, rng, tokens, others)


def fuzzed(
    seeds: list[bytes],
    tokens: tuple[bytes, ...],
    play: Callable[[bytes], None],
    *,
    seconds: float,
    seed: int,
    alter: Alter = altered,
    note: Callable[[Fuzzed, bytes], None] = lambda found, data: None,
) -> Fuzzed:
    """Play altered inputs for some seconds; ``note`` is told of each before it is played."""
    rng, found, until = random.Random(seed), Fuzzed(), time.monotonic() + seconds
    while time.monotonic() < until:
        data = alter(rng.choice(seeds), rng, tokens, seeds)
        note(found, data)
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
    sound = {"csv": [text(good())], "csv.gz": [gzip.compress(text(good()))], "parquet": _sound_parquet()}
    return {
        ending: [*seeds, *sound[ending] * (len(seeds) // len(sound[ending]) + 1)] for ending, seeds in endings.items()
    }


def _sound_parquet() -> list[bytes]:
    """The same rows as writers write them: encodings, codecs, pages, statistics, moments of other kinds."""
    wide = table(date=lambda frame: frame["ts"].dt.date, flag=lambda frame: frame["x"] > 0)
    delta = {name: "DELTA_BINARY_PACKED" for name, kind in _kinds(wide) if pa.types.is_integer(kind)}
    texts = {name: "DELTA_BYTE_ARRAY" for name, kind in _kinds(wide) if pa.types.is_string(kind)}
    split = {name: "BYTE_STREAM_SPLIT" for name, kind in _kinds(wide) if pa.types.is_floating(kind)}
    options: tuple[dict[str, Any], ...] = (
        {},
        {"row_group_size": 10, "write_page_index": True},
        {"compression": "zstd", "data_page_version": "2.0"},
        {"compression": "gzip", "data_page_size": 64, "write_batch_size": 8},
        {"use_dictionary": False, "compression": "none", "column_encoding": delta | texts | split},
        {"use_deprecated_int96_timestamps": True, "write_statistics": False},
        {"write_page_checksum": True, "version": "1.0", "store_schema": False},
    )
    return [parquet(wide, **option) for option in options]


def _kinds(rows: pa.Table) -> list[tuple[str, pa.DataType]]:
    return [(field.name, field.type) for field in rows.schema]


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


def fuzz_readers(
    ending: str, *, seconds: float, seed: int = 0, note: Callable[[Fuzzed, bytes], None] = lambda found, data: None
) -> Fuzzed:
    """Fuzz the readers of one kind of file."""
    alter = altered_parquet if ending == "parquet" else altered
    with tempfile.TemporaryDirectory() as folder:
        play = play_file(Path(folder), ending)
        return fuzzed(READERS[ending], _TOKENS, play, seconds=seconds, seed=seed, alter=alter, note=note)


def fuzz_apart(ending: str, *, seconds: float, seed: int) -> Fuzzed:
    """Fuzz the readers in a process of its own; one that ends counts as broken by its last input, and another begins.

    Raises:
        RuntimeError: it ended otherwise than by a signal.
    """
    whole, until = Fuzzed(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        last, said = Path(folder) / "last", Path(folder) / "said"
        while (left := until - time.monotonic()) > 0:
            command = [sys.executable, "-m", "tests.torture.fuzz", ending, "--seconds", str(left), "--seed", str(seed)]
            done = subprocess.run([*command, "--folder", folder], capture_output=True, text=True, check=False)
            if done.returncode > 0:
                raise RuntimeError(done.stderr)
            counts = json.loads(said.read_text())
            whole.runs += counts["runs"]
            whole.answered += counts["answered"]
            whole.refused += counts["refused"]
            whole.broken += [(bytes.fromhex(data), reason) for data, reason in counts["broken"]]
            if done.returncode < 0:
                reason = f"the process ended by signal {-done.returncode}\n{done.stderr[-2000:]}"
                whole.runs += 1
                whole.broken.append((last.read_bytes(), reason))
            seed += 1
    return whole


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


def main() -> int:
    """Play, and write down what is played and what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ending", choices=READERS)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder: Path | None = options.folder
    if folder is None:
        found = fuzz_apart(options.ending, seconds=options.seconds, seed=options.seed)
        reasons = keep(options.ending, found)
        print(f"{found.runs} files, {found.answered} read, {found.refused} refused, {len(reasons)} broken", *reasons)
        return 1 if reasons else 0

    def note(found: Fuzzed, data: bytes) -> None:
        counts = {"runs": found.runs, "answered": found.answered, "refused": found.refused}
        broken = [(bad.hex(), reason) for bad, reason in found.broken]
        (folder / "said").write_text(json.dumps({**counts, "broken": broken}))
        (folder / "last").write_bytes(data)

    note(fuzz_readers(options.ending, seconds=options.seconds, seed=options.seed, note=note), b"")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
