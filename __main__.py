"""The stack: read its config, build the one topology it names, export how to reach it."""

import pulumi

from components.topologies import build

endpoint = build(pulumi.Config("llm"))

for name, value in endpoint.stack_outputs().items():
    pulumi.export(name, value)
