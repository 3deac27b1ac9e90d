# Asks the gate for one token, with the key and without. Exit 0: answered, 1: an error, 2: silence or refusal.

import http.client
import json
import os
import socket
import ssl

from cloud import FatalError, Web, run


def connect(scheme, host):
    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=120)
    # The gate of this machine, under a name that is not its certificate's.
    return http.client.HTTPSConnection(host, timeout=120, context=ssl._create_unverified_context())


# Not an error: it may have much to do.
class SilentError(FatalError):
    pass


class OpenError(FatalError):
    pass


def complete(web, url, model, head):
    body = json.dumps({"model": model, "prompt": "1", "max_tokens": 1})
    try:
        return web.text("POST", url + "/v1/completions", dict(head, **{"Content-Type": "application/json"}), body)
    except socket.timeout:
        raise SilentError("no answer within 120 seconds")


def ask(web, url, model, head):
    status, text = complete(web, url, model, head)
    if '"choices"' not in text:
        raise (OSError if status >= 500 else FatalError)(
            f"a completion answers {status} {' '.join(text.split())[:300]}"
        )


def check_gate(web, url, model):
    bare, _ = complete(web, url, model, {})
    if bare != 401:
        raise OpenError(f"without the key the gate answers {bare}, not 401")


def key(folder):
    with open(folder + "/api_key") as file:
        return {"Authorization": "Bearer " + file.read()}


def main(settings, web, folder):
    url, model = f"http{'s' * (settings['LLM_TLS'] == 'on')}://127.0.0.1:{settings['LLM_PORT']}", settings["LLM_MODEL"]
    check_gate(web, url, model)
    ask(web, url, model, key(folder))
    return f"{model} completed one token, and none without the key"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(connect), "/run/llm/secrets"))
