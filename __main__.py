"""The stack: read its config, build the one topology it names, export how to reach it."""

import gc

import pulumi

from components.topologies import load

build = load(pulumi.Config("llm"))

# What is loaded by now, most of it the provider's SDK, stays to the end. Looking through it for garbage, which Python
# also does when it ends, would take a preview longer than all the code here.
gc.freeze()

for name, value in build().stack_outputs().items():
    pulumi.export(name, value)
