"""The RAM documents among the properties of resources."""

from collections.abc import Iterator

from .ram import lint
from .resources import Level, Resource
from .rule import View

_DOCUMENTS = {
    "alicloud:kms/key:Key": ("policy",),
    "alicloud:kms/secret:Secret": ("policy",),
    "alicloud:oss/bucket:Bucket": ("policy",),
    "alicloud:oss/bucketPolicy:BucketPolicy": ("policy",),
    "alicloud:ram/policy:Policy": ("policyDocument", "document"),
    "alicloud:ram/role:Role": ("assumeRolePolicyDocument", "document"),
}


def broken(resource: Resource, _view: View) -> Iterator[str]:
    """Yield why a document of *resource* is not valid, or lets in anybody, or allows anything."""
    return _problems(resource, "mandatory")


def wide(resource: Resource, _view: View) -> Iterator[str]:
    """Yield where a document of *resource* allows more than it should."""
    return _problems(resource, "advisory")


def _problems(resource: Resource, level: Level) -> Iterator[str]:
    for name in _DOCUMENTS.get(resource.type, ()):
        text = resource.props.get(name)
        if isinstance(text, str) and text:
            for problem in lint(text):
                if problem.level == level:
                    yield f"{name}{f' {problem.where}' if problem.where else ''}: {problem.text}"
