"""
Run the machine's own weights program against a port of loopback, in a process of its own.

Usage: fetch.py PORT FOLDER STREAMS. The only thing replaced is how a connection is opened. Prints the peak memory.
"""

import http.client
import importlib
import sys
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parents[2] / "components" / "userdata" / "machine" / "python"


def main() -> None:
    """Fetch, then print the peak resident memory in KiB as the last line."""
    port, folder, streams = sys.argv[1:]
    sys.path.insert(0, str(PROGRAMS))
    weights, cloud = importlib.import_module("weights"), importlib.import_module("cloud")
    settings = {
        "LLM_REGION": "cn-hangzhou",
        "LLM_WEIGHTS_SOURCE": "modelscope",
        "LLM_WEIGHTS_MODEL": "bench/bench",
        "LLM_WEIGHTS_REVISION": "master",
        "LLM_WEIGHTS_STREAMS": streams,
        "LLM_WEIGHTS_DIR": folder,
    }
    connect = lambda _scheme, _host: http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)  # noqa: E731
    print(weights.main(settings, cloud.Web(connect)))
    status = Path("/proc/self/status").read_text()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


if __name__ == "__main__":
    main()
