# This node, as its files below /run/llm tell: status of each phase, facts, secrets, and how far it is with the other.

import hashlib
import json
import os

PHASES = ("key", "disk", "weights", "driver", "docker", "fabric", "image", "head", "link", "engine")
# What both nodes must have alike, beside the facts of fabric.py.
SAME = {
    "engine image": "LLM_ENGINE_IMAGE",
    "model": "LLM_MODEL",
    "weights": "LLM_WEIGHTS_DIR",
    "GPUs": "LLM_GPU_COUNT",
    "interconnect": "LLM_INTERCONNECT",
    "launcher": "LLM_LAUNCHER",
}


class Node:
    def __init__(self, settings, folder):
        self.settings, self.folder = settings, folder
        self.rank = int(settings["LLM_NODE_RANK"])

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        try:
            with open(self.path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def write(self, name, text):
        with open(self.path(".new"), "w") as file:
            file.write(text)
        os.replace(self.path(".new"), self.path(name))

    def remove(self, name):
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))

    def forget(self):
        for name in os.listdir(self.path("status")):
            self.remove("status/" + name)

    def status(self, name):
        head, _, detail = self.read("status/" + name).partition("\n")
        state, count = (head or "waiting 0").split()
        return state, int(count), detail.strip()

    # As lib.sh does it.
    def record(self, name, state, count, detail):
        text = f"{state} {count}\n{detail}\n"
        before = self.read("status/" + name)
        if before != text:
            if before.split()[:1] != [state]:
                print(f"{name}: {state}: {detail}", flush=True)
            if state in ("failed", "fatal"):
                self.write("status/." + name, text)
            self.write("status/" + name, text)

    # The first phase that gave up, by the rule of ready.sh.
    def trouble(self):
        for name in PHASES:
            state, count, detail = self.status(name)
            if state == "fatal" or (state == "failed" and count >= 3) or (state == "running" and count > 3):
                said = self.read("status/." + name).partition("\n")[2].strip()
                return "fatal" if state == "fatal" else "failed", count, f"{name}: {said or detail}"
        return None

    def under_way(self):
        for name in PHASES:
            state, _, detail = self.status(name)
            if state != "done" and not (name == "head" and self.rank == 0):
                return f"{name}: {detail or state}"
        return "it serves"

    def facts(self, run):
        facts = dict(json.loads(self.read("facts.json") or "{}"))
        facts.update((name, self.settings[setting]) for name, setting in SAME.items())
        token = self.read("secrets/ray_token")
        # Without a run it may be one from before a rotation.
        if token and run:
            facts["Ray token (SHA-256)"] = hashlib.sha256(token.encode()).hexdigest()[:12]
        return facts

    def report(self):
        run = self.read("run")
        return {
            "run": run,
            "facts": self.facts(run),
            "trouble": self.trouble(),
            "now": self.under_way(),
            "measured": bool(self.read("link")),
            "answers": self.status("engine")[0] == "done",
            "again": self.read("again"),
        }
