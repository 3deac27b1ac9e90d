"""``python -m scripts.localcloud``: the stack in this folder, in a local cloud, without the ``pulumi`` command."""

import argparse
import os
import sys
from pathlib import Path

from scripts.localcloud.cloud import Cloud, home_from_environment
from scripts.localcloud.errors import LocalCloudError
from scripts.localcloud.inprocess import commands, pods, project
from scripts.localcloud.machines.spec import MachineError


def main(argv: list[str]) -> int:
    """Run one command and return the exit status: 0, 1 when it failed, 2 when it was called wrongly."""
    options = _parser().parse_args(argv)
    try:
        return 0 if _run(options) else 1
    except (LocalCloudError, MachineError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="localcloud", description=__doc__)
    parser.add_argument("--stack", help="stack to work on; default: PULUMI_STACK, or the only Pulumi.<stack>.yaml")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("preview", help="show what up would make")
    actions.add_parser("up", help="make the stack")
    actions.add_parser("destroy", help="delete everything the stack has")
    shown = actions.add_parser("output", help="show the stack's outputs")
    shown.add_argument("--show-secrets", action="store_true")
    shown.add_argument("name", nargs="?")
    ran = actions.add_parser("run", help="run a shell command on a machine, as Cloud Assistant does")
    ran.add_argument("--on", metavar="NAME", default="", help="end of the machine's name, where there are several")
    ran.add_argument("command")
    actions.add_parser("status", help="show what exists in the local cloud")
    actions.add_parser("pods", help="show the pods of all clusters")
    logs = actions.add_parser("logs", help="show what a pod said")
    logs.add_argument("--container", metavar="NAME", default="", help="which, where a pod has several")
    logs.add_argument("--previous", action="store_true", help="what it said before it was started again")
    logs.add_argument("pod", help="its name, or how that begins")
    actions.add_parser("down", help="remove the local cloud: machines, disks, state")
    return parser


def _run(options: argparse.Namespace) -> bool:
    cloud = Cloud(home_from_environment())
    match options.action:
        case "status":
            return commands.status(cloud, _say)
        case "run":
            return commands.run_on_machine(cloud, options.on, options.command, _say)
        case "pods":
            return pods.show(cloud, _say)
        case "logs":
            return pods.logs(cloud, pods.Asked(options.pod, options.container, previous=options.previous), _say)
        case "down":
            return commands.down(cloud, _say)
        case _:
            return _run_on_stack(cloud, options)


def _run_on_stack(cloud: Cloud, options: argparse.Namespace) -> bool:
    folder = Path.cwd()
    stack = project.load(folder, project.stack_name(folder, options.stack))
    match options.action:
        case "preview":
            return commands.preview(cloud, stack, folder, _say)
        case "up":
            return commands.up(cloud, stack, folder, _say)
        case "destroy":
            return commands.destroy(cloud, stack, _say)
        case _:
            return commands.output(cloud, stack, options.name, _say, show_secrets=options.show_secrets)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
