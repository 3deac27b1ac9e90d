# What the jobs share: where they say how it ended, and how they wait.

import time
from http.client import HTTPException

from cloud import FatalError


# It may pass by itself, if not for long.
class StuckError(Exception):
    pass


# To the log, and to where the API, and whoever waits for the job, finds it.
def tell(text, path="/dev/termination-log"):
    print(text, flush=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(text).encode()[:4096].decode("utf-8", "ignore"))


# Until look returns true and what it saw; what it waits for is printed when it changes.
def until(look, limit, pause=5, patience=300):
    begun = moved = time.monotonic()
    last = ""
    while True:
        stuck = False
        try:
            done, text = look()
            if done:
                return text
        except StuckError as error:
            stuck, text = True, str(error)
        except (OSError, HTTPException) as error:
            text = f"{type(error).__name__}: {error}"
        now = time.monotonic()
        moved = moved if stuck else now
        if text != last:
            print(text, flush=True)
            last = text
        if now - moved > patience:
            raise FatalError(text)
        if now - begun > limit:
            raise FatalError(f"not within {limit} seconds: {text}")
        time.sleep(pause)
