"""Compare a preview of the dev stack with one of a bare program that makes the same resources without components."""

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.bench.bare import differences, program, record
from scripts.bench.report import BenchError, alternate, exit_code, heading, percentile, ratio, table

ROOT = Path(__file__).resolve().parents[2]
STACK = "dev"
BARE, OURS, CONTROL = "bare", "dev stack", "bare again"


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        ours, bare, home = (Path(name) / part for part in ("ours", "bare", "home"))
        _write_ours(ours)
        _write_bare(bare, ours)
        heading(
            f"wall time of a preview of the {STACK} stack, and of a bare program with the same resources that is made "
            "from what the stack registers; the local cloud answers both."
        )
        environment = _environment(home)
        rows = []
        for door, command in _doors(environment).items():
            _prepare(door, [ours, bare], environment)
            sides: dict[str, Callable[[], float]] = {
                side: functools.partial(_preview, command, folder, environment)
                for side, folder in {BARE: bare, OURS: ours, CONTROL: bare}.items()
            }
            alternate(sides, 1)
            rows.append([door, *_row(alternate(sides, arguments.rounds))])
    table(["door", BARE, OURS, f"{OURS} / {BARE}, median (range)", f"{CONTROL} / {BARE}"], rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench/preview", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of bare, dev stack, bare again (default 9)")
    return parser.parse_args()


def _write_ours(folder: Path) -> None:
    folder.mkdir()
    shutil.copytree(ROOT / "components", folder / "components", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", f"Pulumi.{STACK}.yaml"):
        shutil.copy(ROOT / name, folder / name)
    # A copy has no .venv; the programs run in the one that runs the bench.
    text = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
    (folder / "Pulumi.yaml").write_text(text)


def _write_bare(folder: Path, ours: Path) -> None:
    folder.mkdir()
    for name in ("Pulumi.yaml", f"Pulumi.{STACK}.yaml"):
        shutil.copy(ours / name, folder / name)
    wanted = record(ours, STACK)
    (folder / "__main__.py").write_text(program(wanted))
    unlike = differences(wanted, record(folder, STACK))
    if unlike:
        raise BenchError(f"The bare program does not make the same resources: {', '.join(unlike)}.")


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        # Each side is compiled in the first round, which does not count, as a user's program is.
        "PYTHONDONTWRITEBYTECODE": "",
        "PATH": f"{ROOT / 'scripts' / 'localcloud' / 'plugins'}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LOCALCLOUD_HOME": str(home / "cloud"),
        "LOCALCLOUD_PYTHON": sys.executable,
        "PULUMI_HOME": str(home / "pulumi"),
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def _doors(environment: Mapping[str, str]) -> dict[str, list[str]]:
    doors = {"in process": [sys.executable, "-m", "scripts.localcloud", "--stack", STACK, "preview"]}
    if shutil.which("pulumi", path=environment["PATH"]):
        doors["pulumi"] = ["pulumi", "preview", "--stack", STACK, "--non-interactive"]
    return doors


def _prepare(door: str, folders: list[Path], environment: Mapping[str, str]) -> None:
    """Make the stack of each folder, where the door asks for one."""
    for folder in folders if door == "pulumi" else []:
        _run(["pulumi", "stack", "init", STACK, "--non-interactive"], folder, environment)


def _preview(command: list[str], folder: Path, environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    _run(command, folder, environment)
    return time.perf_counter() - start


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    own = {**environment, "PULUMI_BACKEND_URL": f"file://{folder}"}
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-1500:]}")


def _row(seconds: dict[str, list[float]]) -> list[str]:
    return [
        *(f"{percentile(seconds[side], 0.5):.2f} s" for side in (BARE, OURS)),
        *(ratio(seconds[side], seconds[BARE]) for side in (OURS, CONTROL)),
    ]


if __name__ == "__main__":
    sys.exit(exit_code(main))
