"""Ask the account whether `pulumi up` of a stack can succeed: stock, quotas, opened services, permissions."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.foreseen import Source, foresee
from scripts.foreseen.stand_ins import stand_in
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess.project import Project, load, stack_name
from scripts.openapi import ApiError, OpenApi, RefusedError, connect
from scripts.preflighting.demand import Demand, demand
from scripts.preflighting.finding import Finding
from scripts.preflighting.permissions import permissions, probes
from scripts.preflighting.quotas import quotas
from scripts.preflighting.services import services
from scripts.preflighting.stock import stock

ROOT = Path(__file__).resolve().parents[2]
Section = tuple[str, Iterable[Finding]]
"""A title and what stands below it."""
WORDS = {"ok": "ok  ", "stop": "STOP", "unseen": "?   "}


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when nothing that can be seen stops `up`, 1 when something does, 2 when nothing could be asked."""
    parser = argparse.ArgumentParser(
        prog="scripts/preflight",
        description=__doc__,
        epilog="It buys and changes nothing. Credentials come from where the Pulumi provider takes them.",
    )
    parser.add_argument("--stack", metavar="NAME", help="default: PULUMI_STACK, or the only one there is")
    parser.add_argument("--program", type=Path, default=ROOT, metavar="FOLDER", help="default: this repository")
    options = parser.parse_args(arguments)
    try:
        project = load(options.program, stack_name(options.program, options.stack), stand_in=stand_in)
        return _asked(project, options.program)
    except (ApiError, LocalCloudError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _asked(project: Project, folder: Path) -> int:
    region = project.region or os.environ.get("ALICLOUD_REGION", "")
    if not region:
        raise ApiError("region: none is configured. Run `pulumi config set alicloud:region cn-hangzhou`.")
    api = connect(os.environ, region, _settings(project))
    who = api.call("sts", "GetCallerIdentity")["Arn"].split(":", 4)[-1]
    _known(api)
    foreseen = foresee(Source(folder, project.stack))
    if not foreseen.good:
        print("\n".join(("The stack's own preview fails:", *foreseen.errors)), file=sys.stderr)
        return 1
    print(f"stack {project.stack} in {region}, as {who}", flush=True)
    return show(ask(api, demand(project.name, project.stack, region, foreseen)))


def _settings(project: Project) -> dict[str, Any]:
    """Return the stack's `alicloud:` settings, without those that only `pulumi` can decrypt."""
    values = project.config.values
    plain = {key.removeprefix("alicloud:"): values[key] for key in values.keys() - project.config.secret}
    return plain | {"assumeRole": _object("alicloud:assumeRole", plain.get("assumeRole") or "{}")}


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(f"{name}: {text!r} is no object. Write it with roleArn and sessionName.")
    return found


def _known(api: OpenApi) -> None:
    """Ask what is asked of every region, so that a wrong one is known before all else."""
    try:
        api.call("ecs", "DescribeZones", RegionId=api.region)
    except RefusedError as error:
        if "Region" in error.code:
            raise


def ask(api: OpenApi, wanted: Demand) -> Iterator[Section]:
    """Ask the account of *api* for all that *wanted* needs."""
    outcomes = probes(api, wanted)
    yield "stock", stock(api, wanted)
    yield "quotas", quotas(api, wanted)
    yield "services", services(api, wanted, outcomes)
    yield "permissions", permissions(api, wanted, outcomes)


def show(sections: Iterable[Section]) -> int:
    """Print *sections* while they come, and return the exit code."""
    verdicts = []
    for title, findings in sections:
        print(f"\n{title}")
        said = {""}
        for finding in findings:
            print(f"  {WORDS[finding.verdict]}  {finding.text}", flush=True)
            if finding.way_out not in said:
                print(f"        {finding.way_out}")
            said.add(finding.way_out)
            verdicts.append(finding.verdict)
    stops, hidden = verdicts.count("stop"), verdicts.count("unseen")
    known = (
        f"{stops} of {len(verdicts)} would stop `pulumi up`" if stops else "Nothing that can be seen stops `pulumi up`"
    )
    print(f"\n{known}; {hidden} of {len(verdicts)} cannot be seen from here.")
    return 1 if stops else 0


if __name__ == "__main__":
    sys.exit(main())
