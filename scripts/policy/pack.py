"""The rules as policies of CrossGuard."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from .config import check_options
from .resources import UNKNOWN, Resource
from .rule import Rule, View
from .rules import RULES

NAME = "alicloud-llm"

_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}


def serve() -> None:
    """Answer the engine until it stops this process."""
    PolicyPack(NAME, [_policy(rule) for rule in RULES])


def _policy(rule: Rule) -> Policy:
    about = {
        "name": rule.name,
        "description": rule.says,
        "enforcement_level": EnforcementLevel(rule.level),
        "config_schema": PolicyConfigSchema(dict.fromkeys(rule.options, _LIST)),
    }
    if rule.whole_stack:
        return StackValidationPolicy(**about, validate=_on_stack(rule))
    return ResourceValidationPolicy(**about, validate=_on_resource(rule))


def _on_resource(rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(args.resource_type, args.name, _plain(args.props), args.urn)
        for text in _broken(rule, resource, View(args.get_config())):
            report(text)

    return validate


def _on_stack(rule: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = {one.urn: _resource(one) for one in args.resources}
        for resource in stack.values():
            for text in _broken(rule, resource, View(args.get_config(), stack)):
                report(text, resource.urn)

    return validate


def _broken(rule: Rule, resource: Resource, view: View) -> list[str]:
    try:
        check_options(rule, view.options)
    except ValueError as error:
        return [str(error)]
    return list(rule.broken(resource, view))


def _resource(given: PolicyResource) -> Resource:
    refers = {name: tuple(one.urn for one in found) for name, found in given.property_dependencies.items()}
    return Resource(given.resource_type, given.name, _plain(given.props), given.urn, refers)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a property's value
    """Return *value* with UNKNOWN where the SDK would raise when it is looked at."""
    if isinstance(value, Mapping):
        return {key: _looked_up(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_looked_up(value, index) for index in range(len(value))]
    return value


def _looked_up(values: Any, key: str | int) -> Any:  # noqa: ANN401 - the same
    try:
        return _plain(values[key])
    except UnknownValueError:
        return UNKNOWN
