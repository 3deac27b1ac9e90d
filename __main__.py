"""The stack: read its config, build the one topology it names, export how to reach it."""

import gc

import pulumi

from components.topologies import build

# What is loaded by now, most of it the provider's SDK, stays; looking through it for garbage would slow down a preview.
gc.freeze()

endpoint = build(pulumi.Config("llm"))

for name, value in endpoint.stack_outputs().items():
    pulumi.export(name, value)
