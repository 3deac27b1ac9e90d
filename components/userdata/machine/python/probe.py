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


def main(settings, web, folder):
    url = f"http{'s' * (settings['LLM_TLS'] == 'on')}://127.0.0.1:{settings['LLM_PORT']}/v1/completions"
    head = {"Content-Type": "application/json"}
    body = json.dumps({"model": settings["LLM_MODEL"], "prompt": "1", "max_tokens": 1})
    try:
        bare, _ = web.text("POST", url, head, body)
        with open(folder + "/api_key") as file:
            head["Authorization"] = "Bearer " + file.read()
        status, text = web.text("POST", url, head, body)
    except socket.timeout:
        raise FatalError("no answer within 120 seconds")
    if bare != 401:
        raise FatalError(f"without the key the gate answers {bare}, not 401")
    if '"choices"' not in text:
        raise (OSError if status >= 500 else FatalError)(
            f"a completion answers {status} {' '.join(text.split())[:300]}"
        )
    return f"{settings['LLM_MODEL']} completed one token, and none without the key"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web(connect), "/run/llm/secrets"))
