"""``python3 -m torch.distributed.run``: one process per GPU of this node, told where it stands among all nodes."""

import argparse
import os
import signal
import subprocess
import sys


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="torchrun", allow_abbrev=False)
    for name, default in (("nnodes", 1), ("nproc-per-node", 1), ("node-rank", 0), ("master-port", 29500)):
        parser.add_argument(f"--{name}", f"--{name.replace('-', '_')}", type=int, default=default)
    parser.add_argument("--master-addr", "--master_addr", default="127.0.0.1")
    parser.add_argument("script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(words)


def _environment(options: argparse.Namespace, local: int) -> dict[str, str]:
    beside = options.nproc_per_node
    return os.environ | {
        "RANK": str(options.node_rank * beside + local),
        "LOCAL_RANK": str(local),
        "WORLD_SIZE": str(options.nnodes * beside),
        "LOCAL_WORLD_SIZE": str(beside),
        "GROUP_RANK": str(options.node_rank),
        "MASTER_ADDR": options.master_addr,
        "MASTER_PORT": str(options.master_port),
    }


def main(words: list[str]) -> int:
    """Run the script of *words* in all processes and return the exit status: the first to fail ends the others."""
    options = _parse(words)
    command = [sys.executable, "-u", options.script, *options.arguments]
    running: dict[int, subprocess.Popen[bytes]] = {}
    for local in range(options.nproc_per_node):
        process = subprocess.Popen(command, env=_environment(options, local))
        running[process.pid] = process
    failed = ""
    while running:
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        running.pop(pid).returncode = code
        if code and not failed:
            failed = f"exitcode  : {code} (pid: {pid})"
            # Not Popen's own terminate, which may reap what is waited for here.
            for other in running:
                os.kill(other, signal.SIGTERM)
    if failed:
        error = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError"
        sys.stderr.write(f"{error}:\n{options.script} FAILED\nRoot Cause:\n  {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
