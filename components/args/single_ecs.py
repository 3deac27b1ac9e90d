"""Arguments of `SingleEcsLlm`."""

from typing import ClassVar

from components.args.ecs import EcsLlmArgs


class SingleEcsLlmArgs(EcsLlmArgs):
    """One GPU instance serving one model."""

    COMPONENT: ClassVar[str] = "SingleEcsLlm"
