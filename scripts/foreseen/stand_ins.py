"""What stands in for an encrypted value of a stack file, which nobody here can or should read."""

import hashlib

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: {name}
contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]
clusters: [{{name: {name}, cluster: {{server: "https://{name}.invalid:6443"}}}}]
users: [{{name: {name}, user: {{token: {name}}}}}]
"""


def stand_in(path: str, ciphertext: str) -> str:
    """
    Return a value of the shape that *path*, such as ``llm:apiKey``, asks for.

    It is another one when the *ciphertext* is another one, so that a new secret is seen as a change.
    """
    name = f"stand-in-{hashlib.sha256(ciphertext.encode()).hexdigest()[:24]}"
    kind = path.lower()
    if kind.endswith("kubeconfig"):
        return KUBECONFIG.format(name=name)
    for ending, label in (("privatekey", "PRIVATE KEY"), ("certificate", "CERTIFICATE")):
        if kind.endswith(ending):
            return f"-----BEGIN {label}-----\n{name}\n-----END {label}-----\n"
    return name
