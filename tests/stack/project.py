"""A stack of a test's own: its arguments, what is wrong with its cloud, what is on its machines."""

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from scripts.localcloud.cloud import Cloud, Target
from scripts.localcloud.kinds import BUCKET, INSTANCE
from scripts.localcloud.kinds import CLUSTER as CLUSTER_TYPE
from scripts.localcloud.laws.oss import root_of
from scripts.localcloud.machines import Machines
from scripts.localcloud.machines.hosts.weights import generated
from scripts.localcloud.machines.spec import CommandResult
from tests.stack.program import ROOT, Program

SENTINEL = "sentinel-key-0123456789abcdef"
SINGLE = ROOT / "Pulumi.dev.yaml"
PAIR = ROOT / "docs" / "stacks" / "Pulumi.dual-ecs-ray.yaml"
CLUSTER = ROOT / "docs" / "stacks" / "Pulumi.acs-cluster.yaml"


class Project(Program):
    """A copy of the program beside a stack file with *arguments*, in a local cloud of its own."""

    def __init__(
        self, folder: Path, arguments: Mapping[str, object], *, stack: Path = SINGLE, machine_files: bool = False
    ) -> None:
        place = folder / "project"
        place.mkdir()
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, place)
        if machine_files:
            shutil.copytree(ROOT / "components", place / "components")
        super().__init__(place)
        self._configure(stack, arguments)

    def _configure(self, example: Path, arguments: Mapping[str, object]) -> None:
        """Write the stack file: *arguments* over those of the *example*, and the sentinel as the key."""
        stack = yaml.safe_load(example.read_text())
        stack["config"]["llm:args"] |= arguments
        stack["config"]["llm:apiKey"] = SENTINEL
        (self.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))

    def reconfigure(self, arguments: Mapping[str, object], without: Iterable[str] = ()) -> None:
        """Change the arguments of the stack file and keep the rest but *without*, as a user's editor would."""
        path = self.folder / "Pulumi.dev.yaml"
        stack = yaml.safe_load(path.read_text())
        stack["config"]["llm:args"] |= arguments
        for name in without:
            del stack["config"]["llm:args"][name]
        path.write_text(yaml.safe_dump(stack))

    def heal(self) -> None:
        """Take the faults of machines back, those of the running ones included."""
        (self.home / "faults.json").unlink()
        machines = Machines(self.home)
        for instance_id in machines.running():
            machines.set_faults(instance_id, {})

    def fail_with(self, on: str = "", /, **machine: object) -> None:
        """Ask the local cloud for faults of its machines, or of the one whose name ends so."""
        faults = {"machines": {on: machine}} if on else {"machine": machine}
        (self.home / "faults.json").write_text(json.dumps(faults))

    def bring(self, bucket: str, model: str) -> None:
        """Make a bucket of the user's own that holds the weights of *model*."""
        cloud = Cloud(self.home)
        cloud.create(BUCKET, {"bucket": bucket}, frozenset(), Target("cn-hangzhou"))
        for path, file in generated(model).items():
            place = root_of(self.home, bucket) / model / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read(0, file.size))

    def take_back(self, bucket: str) -> None:
        """Remove that bucket."""
        shutil.rmtree(root_of(self.home, bucket))
        Cloud(self.home).delete(BUCKET, bucket, "cn-hangzhou")

    def lose_cluster(self) -> None:
        """Delete the cluster behind the stack's back."""
        cloud = Cloud(self.home)
        [cluster] = cloud.store.read().all(CLUSTER_TYPE)
        cloud.delete(CLUSTER_TYPE, cluster.id, "cn-hangzhou")

    def refuse(self, call: str, type_: str, code: str) -> None:
        """Ask the local cloud to refuse a *call* for a resource of *type_*."""
        (self.home / "faults.json").write_text(json.dumps({call: {type_: code}}))

    def cluster_fails_with(self, **cluster: object) -> None:
        """Ask the local cloud for faults of its clusters."""
        (self.home / "faults.json").write_text(json.dumps({"cluster": cluster}))

    def instance(self, name: str) -> str:
        """Return the id of the machine whose name ends with *name*."""
        instances = Cloud(self.home).store.read().all(INSTANCE)
        return next(one.id for one in instances if one.text("instanceName").endswith(name))

    def on(self, name: str, command: str) -> CommandResult:
        """Run a shell command on the machine whose name ends with *name*."""
        return Machines(self.home).run_command(self.instance(name), command, 60)

    def _use_pulumi(self) -> None:
        super()._use_pulumi()
        # Set by the real command, the key is encrypted in the stack file as a user's would be.
        self.run("pulumi", "config", "set", "--secret", "llm:apiKey", SENTINEL, "--non-interactive", "--stack", "dev")
