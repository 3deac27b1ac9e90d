"""The arguments of a cluster: what is computed, what is refused."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.args import AcsLlmClusterArgs, ArgsError
from components.catalog import Fabric, Series, find
from tests.unit.test_args_rules import CERTIFICATE, PRIVATE

GOOD: dict[str, Any] = {"zoneId": "cn-wulanchabu-c", "apiAccess": "private"}
OWN: dict[str, Any] = {"zoneId": "cn-wulanchabu-c", "clusterId": "c1", "privateAllowedCidrs": ["10.0.0.0/8"]}
PPU: dict[str, Any] = {
    "gpuSeries": "P16EN",
    "engineImage": f"acs-registry-vpc.cn-wulanchabu.cr.aliyuncs.com/{find(Series, 'P16EN').engine_images['vllm']}",
}
R1: dict[str, Any] = {"model": "deepseek-ai/DeepSeek-R1"}
INT8: dict[str, Any] = PPU | {
    "model": "deepseek-ai/DeepSeek-R1-GPTQ-INT8",
    "weightsSource": "oss",
    "ossBucket": "weights",
}
KUBECONFIG = "apiVersion: v1\nclusters: []\nusers: []\n"
PEOPLE = ["203.0.113.0/24"]

CASES: list[dict[str, Any]] = [
    GOOD | {"gpusPerPod": 3},
    GOOD | {"gpusPerPod": 16},
    GOOD | {"gpusPerPod": 2, "podVcpus": 20},
    GOOD | {"gpusPerPod": 2, "podMemoryGib": 200},
    GOOD | {"gpusPerPod": 8, "podVcpus": 64, "podMemoryGib": 920},
    GOOD | {"podVcpus": 20},
    GOOD | {"gpusPerPod": 1, "podVcpus": 2},
    GOOD | {"gpuSeries": "performance", "gpusPerPod": 1},
    GOOD | {"gpuSeries": "GU8"},
    GOOD | {"gpuSeries": "P16EN"},
    GOOD | {"gpuSeries": "P16EN", "engine": "sglang"},
    GOOD | PPU | {"engine": "sglang"},
    GOOD | PPU | {"engineImage": "team/vllm:v0.7.0", "model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"},
    GOOD | {"gpuSeries": "A10", "gpusPerPod": 1},
    GOOD | R1 | {"gpuSeries": "L20"},
    GOOD | R1 | {"gpusPerPod": 8, "podsPerReplica": 1},
    GOOD | R1 | PPU,
    GOOD | R1 | PPU | {"gpusPerPod": 4},
    GOOD | PPU | {"kvCacheDtype": "fp8"},
    GOOD | {"tensorParallel": 16, "podsPerReplica": 2},
    GOOD | {"model": "deepseek-ai/DeepSeek-R1-GPTQ-INT8"} | PPU,
    GOOD | {"maxReplicas": 1, "replicas": 2},
    GOOD | {"autoscaler": "hpa", "queueTarget": 3, "prometheusUrl": "http://prometheus"},
    GOOD | {"maxReplicas": 4, "autoscaler": "keda"},
    GOOD | {"maxReplicas": 4, "prometheusUrl": "http://prometheus"},
    GOOD | {"maxReplicas": 4, "autoscaler": "keda", "prometheusUrl": "prometheus:9090"},
    GOOD | {"fluidQuotaGib": 128},
    GOOD | R1 | {"fluidQuotaGib": 109, "allowUnfit": True},
    GOOD | {"fluidWorkers": 1, "fluidQuotaGib": 50},
    GOOD | R1 | {"fluidWorkers": 2},
    GOOD | {"fluidEnabled": False, "fluidWorkers": 2, "fluidQuotaGib": 64},
    {"zoneId": "cn-wulanchabu-c"},
    GOOD | {"apiAccess": "internet"},
    GOOD | {"apiAccess": "public"},
    GOOD | {"apiAccess": "public", "apiAllowedCidrs": []},
    GOOD | {"apiAccess": "public", "apiAllowedCidrs": ["0.0.0.0/0"]},
    GOOD | {"apiAllowedCidrs": PEOPLE},
    GOOD | {"publicAllowedCidrs": []},
    GOOD | {"kubernetesVersion": "1.34"},
    GOOD | {"tlsCertificate": CERTIFICATE, "tlsPrivateKey": PRIVATE, "benchmark": True, "engine": "sglang"},
    GOOD | {"serviceCidr": "10.0.16.0/20"},
    GOOD | {"oidcProviderArn": "acs:ram::1:oidc-provider/ack-rrsa-c1"},
    GOOD | {"vswitchId": "vsw-1"},
    GOOD | {"vswitchId": "vsw-1", "createNatGateway": True, "privateAllowedCidrs": ["10.0.0.0/8"]},
    {"zoneId": "cn-wulanchabu-c", "clusterId": "c1"},
    OWN | {"apiAccess": "private"},
    OWN | {"kubernetesVersion": "1.34.3-aliyun.1", "auditLog": True, "kmsKeyId": "key-1"},
    OWN | {"vpcId": "vpc-1", "vswitchId": "vsw-1", "createNatGateway": True},
    OWN | {"clusterId": None, "kubeconfig": "~/.kube/config"},
    OWN | {"clusterId": None, "kubeconfig": KUBECONFIG},
    GOOD | {"ossBucket": "Weights_1"},
    GOOD | {"weightsSource": "oss"},
    GOOD | {"namespace": "kube-system"},
    GOOD | {"namespace": "default"},
    GOOD | {"namespace": "LLM"},
    GOOD | {"toolsImage": "python"},
    GOOD | {"instanceType": "ecs.gn7i-c8g1.2xlarge"},
]


def given(change: dict[str, Any]) -> dict[str, Any]:
    """Return *change* without what is None."""
    return {name: value for name, value in change.items() if value is not None}


def cluster(change: dict[str, Any]) -> AcsLlmClusterArgs:
    """Return the arguments of a new cluster with *change*."""
    return AcsLlmClusterArgs.from_config(given(GOOD | change))


def refusal(change: dict[str, Any]) -> str:
    """Return *change* and what the arguments say to it."""
    with pytest.raises(ArgsError) as error:
        AcsLlmClusterArgs.from_config(given(change))
    asked = ", ".join(f"{name} {str(value)[:40]!r}" for name, value in change.items() if GOOD.get(name) != value)
    return "\n".join([asked or "nothing but the zone", *(f"  {line}" for line in error.value.problems)])


def test_refused(golden: Callable[[str, str], None]) -> None:
    """Each message stands at the argument to change; every message in one file to read."""
    golden("args/acs-refusals.txt", "\n\n".join(map(refusal, CASES)) + "\n")


@pytest.mark.parametrize(
    ("change", "pods", "shape", "layout", "cache"),
    [
        ({}, 1, (1, 8, 32), (1, 1), (1, 68)),
        (PPU | {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"}, 1, (1, 8, 32), (1, 1), (1, 68)),
        (PPU | {"model": "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"}, 1, (2, 16, 40), (2, 1), (2, 73)),
        (R1, 2, (8, 64, 128), (8, 2), (7, 101)),
        (R1 | {"engine": "sglang"}, 2, (8, 64, 128), (16, 1), (7, 101)),
        (R1 | {"podsPerReplica": 3}, 3, (8, 64, 128), (8, 3), (7, 101)),
        (R1 | {"gpuSeries": "GU8TEF"}, 1, (8, 64, 128), (8, 1), (7, 101)),
        (INT8, 1, (16, 64, 256), (16, 1), (7, 101)),
        ({"gpuSeries": "L20"}, 1, (2, 16, 40), (2, 1), (1, 68)),
        ({"gpuSeries": "A10", "tensorParallel": 8}, 1, (8, 64, 128), (8, 1), (1, 68)),
        ({"gpusPerPod": 2}, 1, (2, 16, 40), (2, 1), (1, 68)),
        ({"gpusPerPod": 2, "podsPerReplica": 2}, 2, (2, 16, 40), (2, 2), (1, 68)),
        ({"podVcpus": 46}, 1, (2, 46, 64), (2, 1), (1, 68)),
        ({"podMemoryGib": 230}, 1, (2, 32, 230), (2, 1), (1, 68)),
        ({"podVcpus": 22, "podMemoryGib": 64}, 1, (1, 22, 64), (1, 1), (1, 68)),
        ({"fluidWorkers": 2}, 1, (1, 8, 32), (1, 1), (2, 34)),
        ({"fluidQuotaGib": 30}, 1, (1, 8, 32), (1, 1), (3, 30)),
        ({"fluidEnabled": False}, 1, (1, 8, 32), (1, 1), None),
    ],
)
def test_what_is_chosen(
    change: dict[str, Any],
    pods: int,
    shape: tuple[int, int, int],
    layout: tuple[int, int],
    cache: tuple[int, int] | None,
) -> None:
    """The fewest GPUs that hold the model, in the smallest pod ACS has, and as few cache workers as hold it, too."""
    args = cluster(change)
    found = args.fluid_cache and (args.fluid_cache.workers, args.fluid_cache.quota_gib)

    assert (pods, shape, layout, cache) == (
        args.pods,
        (args.pod.gpus, args.pod.vcpus, args.pod.memory_gib),
        (args.plan.tensor_parallel, args.plan.pipeline_parallel),
        found,
    )


@pytest.mark.parametrize(
    ("change", "rdma", "env"),
    [
        ({}, False, {}),
        ({"ncclEnv": {"NCCL_DEBUG": "INFO"}}, False, {"NCCL_DEBUG": "INFO"}),
        (R1, True, find(Fabric, "acs-type-1").env),
        (R1 | {"ncclEnv": {"NCCL_IB_HCA": "mlx5_1"}}, True, find(Fabric, "acs-type-1").env | {"NCCL_IB_HCA": "mlx5_1"}),
        (INT8, False, {}),
        (INT8 | {"podsPerReplica": 2}, True, find(Fabric, "acs-type-2").env),
        ({"gpusPerPod": 2, "podsPerReplica": 2}, False, find(Fabric, "tcp").env),
    ],
)
def test_network_between_the_pods(change: dict[str, Any], *, rdma: bool, env: dict[str, str]) -> None:
    """Only pods that have a machine to themselves use RDMA, each series in its own way; the user's word wins."""
    args = cluster(change)

    assert (rdma, env) == (args.rdma, args.fabric_env)


@pytest.mark.parametrize(("former", "name"), [("H20", "GU8TF"), ("PPU810E", "P16EN"), ("GN8IS", "L20")])
def test_a_series_by_its_former_name(former: str, name: str) -> None:
    """Older guides call it otherwise; pods are labelled with the name of today."""
    args = cluster({"gpuSeries": former, "engineImage": "team/vllm:v0.32.0"})

    assert (name, name) == (args.gpu_series, args.series.name)


def test_the_newest_driver_unless_told() -> None:
    """ACS itself would take an older one."""
    assert ("580.95.05-open", "2.1.0", "550.90.07") == (
        cluster({}).gpu_driver_version,
        cluster(INT8).gpu_driver_version,
        cluster({"gpuDriverVersion": "550.90.07"}).gpu_driver_version,
    )


@pytest.mark.parametrize(
    ("change", "internet", "nat"),
    [
        ({}, True, True),
        ({"vswitchId": "vsw-1", "privateAllowedCidrs": ["10.0.0.0/8"]}, True, False),
        ({"createNatGateway": False}, True, False),
        (INT8 | {"gateImage": "acs-registry-vpc.cn-wulanchabu.cr.aliyuncs.com/t/caddy:2"}, True, True),
        (
            INT8
            | {
                "gateImage": "acs-registry-vpc.cn-wulanchabu.cr.aliyuncs.com/t/caddy:2",
                "toolsImage": "acs-registry-vpc.cn-wulanchabu.cr.aliyuncs.com/t/python:3",
            },
            False,
            False,
        ),
    ],
)
def test_way_out(change: dict[str, Any], *, internet: bool, nat: bool) -> None:
    """A NAT gateway is bought when something needs one, in a network of the component's own."""
    args = cluster(change)

    assert (internet, nat) == (args.needs_internet, args.nat_gateway)


@pytest.mark.parametrize(
    "change",
    [
        OWN,
        OWN | {"clusterId": pulumi.Output.from_input("c1"), "kubeconfig": pulumi.Output.from_input(KUBECONFIG)},
        OWN | {"clusterId": None, "kubeconfig": KUBECONFIG, "ossAccess": "access-key"},
        OWN
        | {
            "clusterId": None,
            "kubeconfig": KUBECONFIG,
            "oidcProviderArn": "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1",
        },
    ],
)
def test_a_cluster_of_the_user_s(change: dict[str, Any]) -> None:
    """It is found by its id or spoken to by its kubeconfig, which no state keeps in the clear."""
    args = AcsLlmClusterArgs.from_config(given(change))

    assert (False, False, True) == (args.create_cluster, args.nat_gateway, args.own_network)
    assert "kubeconfig" not in args.inputs()


@pytest.mark.parametrize(
    ("change", "bucket", "elastic"),
    [
        ({}, True, False),
        ({"ossBucket": "weights"}, False, False),
        ({"maxReplicas": 2}, True, True),
        ({"maxReplicas": 4, "autoscaler": "keda", "prometheusUrl": "http://prometheus:9090"}, True, True),
        ({"apiAccess": "public", "apiAllowedCidrs": PEOPLE}, True, False),
    ],
)
def test_accepted(change: dict[str, Any], *, bucket: bool, elastic: bool) -> None:
    """Every way of using a thing, given as a whole, passes."""
    args = cluster(change)

    assert (bucket, elastic) == (args.create_bucket, args.elastic)


@pytest.mark.parametrize(
    ("change", "minutes"),
    [
        ({}, (103, 33, 48, 78)),
        (R1, (934, 199, 214, 244)),
        (R1 | {"eipBandwidthMbps": 100, "readyTimeoutMinutes": 60}, (1852, 199, 214, 60)),
        ({"model": "moonshotai/Kimi-K2-Instruct", "weightsSource": "oss", "ossBucket": "w-1"}, (1388, 290, 305, 335)),
    ],
)
def test_time_for_each_step(change: dict[str, Any], minutes: tuple[int, int, int, int]) -> None:
    """Staging, caching, an engine's start and the first completion grow with the weights, so that none is cut off."""
    args = cluster(change)

    assert minutes == (args.stage_minutes, args.cache_minutes, args.startup_minutes, args.ready_timeout_minutes)
