# Asks the engine of this pod for one token. It has started once it gives one.
#
# LLM_ENGINE_PORT, LLM_MODEL. Exit 0: answered, else: not yet.

import os

from cloud import Web, run
from probe import ask, connect


def main(settings, web):
    ask(web, f"http://127.0.0.1:{settings['LLM_ENGINE_PORT']}", settings["LLM_MODEL"], {})
    return "the engine completed one token"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(connect)))
