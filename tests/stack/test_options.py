"""What Pulumi's options do to whole components: aliases keep, protection holds, a provider serves every child."""

import shutil
from pathlib import Path

import pytest

from tests.stack.program import Program

PROJECT = "name: acme\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
STACK = "config:\n  alicloud:region: cn-hangzhou\n"
PROGRAM = """
import pulumi
import pulumi_alicloud as alicloud
from components import (
    AcsLlmCluster, AcsLlmClusterArgs, DualEcsRayLlm, DualEcsRayLlmArgs, SingleEcsLlm, SingleEcsLlmArgs
)

zone = {"zone_id": "cn-hangzhou-i"}
pair = zone | {"system_image_id": "m-putyourimagehere"}
mine = alicloud.Provider("mine", region="REGION")


def options(old: str) -> pulumi.ResourceOptions:
    return OPTIONS


SingleEcsLlm("PREFIXone", SingleEcsLlmArgs(**zone, physical_name="acme-one"), options("one"))
DualEcsRayLlm("PREFIXtwo", DualEcsRayLlmArgs(**pair, physical_name="acme-two", port=PORT), options("two"))
cluster = AcsLlmClusterArgs(**zone, api_access="private", physical_name="acme-three")
AcsLlmCluster("PREFIXthree", cluster, options("three"))
"""
PROTECTED = "pulumi.ResourceOptions(protect=True, provider=mine)"
RENAMED = "pulumi.ResourceOptions(protect=True, provider=mine, aliases=[pulumi.Alias(name=old)])"

DOORS = [
    "local",
    pytest.param(
        "pulumi",
        marks=[
            pytest.mark.engine,
            pytest.mark.skipif(not shutil.which("pulumi"), reason="the pulumi command is not on PATH"),
        ],
    ),
]


def write(program: Program, options: str, prefix: str = "", port: str = "8000", region: str = "cn-hangzhou") -> None:
    """Write the program with *options* for each component, called *prefix* and its old name."""
    text = PROGRAM
    for word, value in {"OPTIONS": options, "PREFIX": prefix, "PORT": port, "REGION": region}.items():
        text = text.replace(word, value)
    (program.folder / "__main__.py").write_text(text)


@pytest.mark.parametrize("door", DOORS)
def test_options_hold_for_whole_components(tmp_path: Path, door: str) -> None:
    """An alias keeps everything under another name, protection holds it, a provider serves it if its region fits."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "Pulumi.dev.yaml").write_text(STACK)
    program = Program(folder)
    program.environment["LOCALCLOUD_MACHINES"] = "pretend"
    pulumi = program.pulumi if door == "pulumi" else program.local
    yes = ("--yes",) if door == "pulumi" else ()

    write(program, PROTECTED)
    made = pulumi("up", *yes)
    assert made.returncode == 0, made.stdout

    write(program, RENAMED, prefix="new-")
    renamed = pulumi("preview")
    assert renamed.returncode == 0, renamed.stdout
    assert renamed.stdout.rstrip().endswith("unchanged")
    assert " to " not in renamed.stdout.rpartition("Resources:")[2]

    write(program, PROTECTED, port="8443")
    replaced = pulumi("preview")
    assert replaced.returncode != 0
    assert "two-head-instance" in replaced.stdout
    assert "protect" in replaced.stdout

    write(program, PROTECTED, region="cn-beijing")
    elsewhere = pulumi("preview")
    assert elsewhere.returncode != 0
    assert "zoneId: 'cn-hangzhou-i' lies in cn-hangzhou, and its alicloud provider is set to 'cn-beijing'" in (
        elsewhere.stdout
    )

    destroyed = pulumi("destroy", *yes)
    assert destroyed.returncode != 0
    assert "protect" in destroyed.stdout
