# Lets the engine of this pod finish what it was asked: drain.py SECONDS, at most.
#
# LLM_ENGINE_PORT. Exit 0, always: what comes next is the engine's end.

import os
import sys
import time

from cloud import Web, run
from counters import REQUESTS, total

# The load balancer needs a moment to send no more.
NOTICE = 10


def main(settings, web, seconds, notice=NOTICE, pause=1):
    url = f"http://127.0.0.1:{settings['LLM_ENGINE_PORT']}"
    begun = time.monotonic()
    time.sleep(notice)
    while total(web, url, REQUESTS):
        if time.monotonic() - begun > seconds:
            return f"requests are still open after {seconds:g} seconds"
        time.sleep(pause)
    return "no request is open"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(), float(sys.argv[1])))
