"""OOS executions: a template is run once, when the execution is made, as far as its API actions are known here."""

import json
import re
from collections.abc import Callable, Mapping

import yaml

from scripts.localcloud.errors import CloudError, LocalCloudError
from scripts.localcloud.kinds import EXECUTION
from scripts.localcloud.laws import listener
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Value, Values, text
from scripts.localcloud.world import Record, World, now

_FORMAT = "OOS-2019-06-01"
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_APIS: Mapping[tuple[str, str], Callable[[World, Values], None]] = {
    ("slb", "SetLoadBalancerTCPListenerAttribute"): listener.set_tcp_attribute,
}
"""By service, in lower case, and API."""


class Execution(Law):
    """
    One run of a template.

    As with the real provider a run that fails is made all the same: its ``status`` says Failed. Its removal undoes
    nothing.
    """

    type = EXECUTION

    def create(self, ask: Ask) -> Record:
        """Run the template; what an API refuses is the end of the run, what is not known here is an error."""
        tasks = _tasks(ask.inputs)
        problem = _run(ask.world, tasks)
        outputs: Values = {
            "counters": json.dumps({"Total": len(tasks)}),
            "createDate": now(),
            "endDate": now(),
            "executedBy": "root",
            "isParent": False,
            "outputs": "{}",
            "ramRole": "",
            "startDate": now(),
            "status": "Failed" if problem else "Success",
            "statusMessage": problem,
            "templateId": "",
            "templateVersion": "v1",
            "updateDate": now(),
        }
        return ask.world.add(record_of(self.type, ask, ask.world.new_id("exec", ask.region), outputs))


def _tasks(inputs: Values) -> list[Values]:
    template = _mapping(_parsed(text(inputs, "templateContent")), "templateContent")
    if template.get("FormatVersion") != _FORMAT:
        raise CloudError("InvalidTemplate", f"templateContent: FormatVersion is not {_FORMAT}.")
    given = _mapping(json.loads(text(inputs, "parameters") or "{}"), "parameters")
    filled = _filled(template.get("Tasks"), _defaults(template) | given)
    if not isinstance(filled, list) or not filled:
        raise CloudError("InvalidTemplate", "templateContent: Tasks has no task.")
    return [_mapping(task, "a task") for task in filled]


def _parsed(content: str) -> Value:
    if not content:
        raise LocalCloudError("templateContent: the local cloud keeps no templates. Give the content.")
    try:
        parsed: Value = yaml.safe_load(content)
    except yaml.YAMLError:
        raise CloudError("InvalidTemplate", "templateContent is neither JSON nor YAML.") from None
    return parsed


def _mapping(value: Value, name: str) -> Values:
    if not isinstance(value, dict):
        raise CloudError("InvalidTemplate", f"{name} is not an object.")
    return value


def _defaults(template: Values) -> Values:
    declared = template.get("Parameters")
    rows = declared.items() if isinstance(declared, dict) else ()
    return {name: row["Default"] for name, row in rows if isinstance(row, dict) and "Default" in row}


def _filled(value: Value, parameters: Values) -> Value:
    """Return *value* with each ``{{ name }}`` replaced."""
    if isinstance(value, dict):
        return {name: _filled(inner, parameters) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, parameters) for inner in value]
    return _PLACE.sub(lambda place: _parameter(place[1], parameters), value) if isinstance(value, str) else value


def _parameter(name: str, parameters: Values) -> str:
    if name not in parameters:
        raise CloudError("InvalidParameter", f"parameters: the template needs {name!r}.")
    return str(parameters[name])


def _run(world: World, tasks: list[Values]) -> str:
    """Run *tasks* one after the other; return what the first that fails says, or nothing."""
    for task in tasks:
        properties = _mapping(task.get("Properties"), "Properties of a task")
        service, api = text(properties, "Service"), text(properties, "API")
        call = _APIS.get((service.lower(), api))
        if task.get("Action") != "ACS::ExecuteApi" or call is None:
            known = ", ".join(name for _, name in _APIS)
            raise LocalCloudError(
                f"templateContent: the local cloud executes the API {known}, not {service} {api or task.get('Action')}."
            )
        try:
            call(world, _mapping(properties.get("Parameters"), "Parameters of a task"))
        except CloudError as refusal:
            return str(refusal)
    return ""
