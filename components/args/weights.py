"""Where the weights come from."""

from collections.abc import Iterable
from typing import Annotated, Literal

import pydantic

from components.args.base import rule
from components.args.serving import ServingArgs
from components.args.values import matching, within
from components.plan import Problem


class WeightsArgs(ServingArgs):
    """Source of the weights and how they are fetched."""

    weights_source: Literal["modelscope", "oss"] = "modelscope"
    """`modelscope` (needs the internet) or `oss`, a bucket of the same region (does not)."""

    weights_revision: Annotated[str, matching(r"[\w.-]{1,100}", "a branch, tag or commit")] = "master"
    """ModelScope revision; pin a commit to get the same weights every time."""

    oss_bucket: Annotated[str, matching(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "a bucket name")] | None = None
    """Bucket that holds the weights; required with `weightsSource: oss`, and only then."""

    oss_prefix: Annotated[
        str, pydantic.AfterValidator(lambda text: text.strip("/")), matching(r"[\w.~+=@/-]{0,500}", "a key prefix")
    ] = pydantic.Field(default_factory=lambda data: data["model"])
    """Folder in the bucket that holds config.json and the shards; default: the model's id."""

    weights_streams: Annotated[int, within(1, 64)] = 16
    """Ranges of the weights fetched at the same time."""

    @property
    def weights_model(self) -> str:
        """The id under which the weights are fetched and stored."""
        return self.model_row.modelscope or self.model

    @rule("weights_source", "oss_bucket")
    def _oss_has_a_bucket(self) -> Iterable[Problem]:
        if self.weights_source == "oss" and self.oss_bucket is None:
            yield Problem("oss_bucket", "is required with weightsSource 'oss'. Name a bucket of the same region.")
        if self.weights_source == "oss" and "weights_revision" in self.model_fields_set:
            yield Problem("weights_revision", "is a ModelScope revision, and weightsSource is 'oss'. Leave it out.")

    @rule("model", "weights_source")
    def _modelscope_has_it(self) -> Iterable[Problem]:
        if self._missing_numbers() or self.weights_source == "oss" or self.model_row.modelscope:
            return
        text = f"'modelscope', and the id of {self.model!r} there is not confirmed. Use 'oss' with ossBucket."
        yield Problem("weights_source", text)
