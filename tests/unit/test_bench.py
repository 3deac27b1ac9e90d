"""The benches measure what they say: sides alternate, ratios are within a round, the machine's own files still fit."""

import importlib
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import resource_pb2

from scripts.bench.bare import Recorded, differences, program
from scripts.bench.gate import KEY, engine, gate
from scripts.bench.load import Load, run
from scripts.bench.programs import ROOT, many, write_bare
from scripts.bench.report import BenchError, alternate, percentile, ratio


def test_sides_alternate_and_change_places() -> None:
    """Each round runs every side once, every second round backwards, so that a drift hits both."""
    order: list[str] = []
    sides = {name: (lambda name=name: order.append(name)) for name in ("one", "other")}

    alternate(sides, 3)

    assert ["one", "other", "other", "one", "one", "other"] == order


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which the machine was slow has the same ratio as the others."""
    assert "**2.000** (2.000 to 2.500)" == ratio([2, 20, 5], [1, 10, 2])


def test_a_percentile_is_one_of_the_values() -> None:
    """The median of an odd number of values is the middle one, and the 99th of few is the largest."""
    assert (2, 3) == (percentile([3, 1, 2], 0.5), percentile([3, 1, 2], 0.99))


def test_the_gate_passes_what_the_engine_sends(tmp_path: Path) -> None:
    """The machine's Caddyfile starts with the bench's two replacements, and streams come through it."""
    load = Load(connections=2, requests=2, first_seconds=0.01, gap_seconds=0.01, tokens=5)
    with engine() as engine_port, gate(tmp_path, engine_port) as gate_port:
        direct, through = (run(load, port, KEY) for port in (engine_port, gate_port))

    assert (20, 4, 20) == (direct.answers, len(direct.first), len(direct.delays))
    assert (20, 4, 20) == (through.answers, len(through.first), len(through.delays))


def test_a_refusal_ends_the_bench() -> None:
    """A rate of refusals is no throughput, so another key stops the run with what the gate said."""
    with (
        tempfile.TemporaryDirectory() as folder,
        engine() as engine_port,
        gate(Path(folder), engine_port) as gate_port,
        pytest.raises(ConnectionError, match="401 Unauthorized"),
    ):
        run(Load(1, 1, 0), gate_port, "another")


def registered(name: str, **inputs: str) -> resource_pb2.RegisterResourceRequest:
    """Return the registration of a disk."""
    fields = {key: struct_pb2.Value(string_value=value) for key, value in inputs.items()}
    return resource_pb2.RegisterResourceRequest(
        type="alicloud:ecs/ecsDisk:EcsDisk", name=name, object=struct_pb2.Struct(fields=fields)
    )


def test_the_bare_program_is_the_calls_without_components() -> None:
    """A value that only the update knows is an output of the resource it waits for; waits and options are kept."""
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    second = registered("second", kmsKeyId=unknown, zoneId="cn-hangzhou-i")
    second.dependencies.append("urn:first")
    second.propertyDependencies["kmsKeyId"].urns.append("urn:first")
    second.protect = True
    recorded: Recorded = {"urn:first": registered("first", diskName="it's"), "urn:second": second}

    source = """\
import pulumi
import pulumi_alicloud as alicloud

r0 = alicloud.ecs.EcsDisk('first', disk_name="it's", opts=pulumi.ResourceOptions(depends_on=[]))
r1 = alicloud.ecs.EcsDisk('second', kms_key_id=r0.id, zone_id='cn-hangzhou-i', \
opts=pulumi.ResourceOptions(depends_on=[r0], protect=True))
"""
    assert source == program(recorded)


def test_a_different_input_is_a_different_resource() -> None:
    """The bench refuses to compare programs that do not make the same things."""
    one: Recorded = {"a": registered("disk", zoneId="a"), "b": registered("more")}
    other: Recorded = {"a": registered("disk", zoneId="b"), "c": registered("more")}

    assert ["alicloud:ecs/ecsDisk:EcsDisk disk"] == differences(one, other)


def test_many_endpoints_are_one_program(tmp_path: Path) -> None:
    """A stack of two endpoints is compared with a bare program that makes both."""
    # Here, not from the copy, which is gone when other tests go on with it.
    importlib.import_module("components")
    many(2)(tmp_path / "ours")
    write_bare(tmp_path / "bare", tmp_path / "ours")

    [source] = [file.read_text() for file in (tmp_path / "bare").glob("bare_*.py")]
    assert 2 == source.count(" = alicloud.ecs.Instance(")
    (tmp_path / "ours" / "__main__.py").write_text("raise SystemError('no')")
    with pytest.raises(BenchError, match="The program cannot be previewed: "):
        write_bare(tmp_path / "other", tmp_path / "ours")


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_no_endpoints_are_no_bench(count: str) -> None:
    """A number of endpoints that cannot be made is refused before anything is measured."""
    command = [sys.executable, "-m", "scripts.bench.preview", f"--endpoints={count}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.endswith(f"argument --endpoints: {count!r} is no number of endpoints. Give 1 or more.\n")
