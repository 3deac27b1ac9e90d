# Tells a dead engine from a busy one: dead is one that answers with errors, or gives nobody a token
# for ten minutes while a completion waits. Silence alone ends nothing.
#
# LLM_ENGINE_PORT, LLM_MODEL. Exit 0: alive, 1: dead, if it says so twice. It takes up to a minute.

import json
import os
import time

from cloud import FatalError, Web, run
from counters import TOKENS, total
from probe import SilentError, ask

PATIENCE = 600


def recall(path):
    if not os.path.exists(path):
        return {"tokens": None}
    with open(path) as file:
        return json.load(file)


def remember(path, count):
    with open(path + ".new", "w") as file:
        json.dump({"tokens": count, "at": time.monotonic()}, file)
    os.replace(path + ".new", path)


def main(settings, web, path, patience=PATIENCE):
    url = f"http://127.0.0.1:{settings['LLM_ENGINE_PORT']}"
    count, last = total(web, url, TOKENS), recall(path)
    said = "it gives tokens"
    if count is None or count == last["tokens"]:
        try:
            ask(web, url, settings["LLM_MODEL"], {})
            said = "it completed one token"
        except SilentError:
            if count is None:
                return "it is silent, and shows no counters"
            if time.monotonic() - last["at"] > patience:
                raise OSError(f"a completion waits, and no token for {patience} seconds")
            return "it is silent, not yet for long"
        # It answers: a restart would not change what it says.
        except FatalError as error:
            said = str(error)
    remember(path, count)
    return said


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(), "/tmp/alive.json"))
