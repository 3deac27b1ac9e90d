"""What the node of a pod has for it."""

from dataclasses import dataclass

from scripts.localcloud.kubernetes.admission import HPN, facts, series_of
from scripts.localcloud.kubernetes.objects import Manifest
from scripts.localcloud.kubernetes.pods import templates


@dataclass(frozen=True)
class Hardware:
    """The GPUs' name and memory, and the number of RDMA devices; nothing where nothing is known."""

    gpu_name: str = ""
    gpu_memory_mib: int = 0
    rdma_devices: int = 0


def hardware_of(pod: Manifest) -> Hardware:
    """Return what *pod* finds on its node: that of its GPU series, and RDMA when it asks for it."""
    (template,) = templates(pod)
    row = facts()["series"].get(series_of(template))
    if row is None:
        return Hardware()
    rdma = template.labels.get(HPN) == "rdma"
    return Hardware(row.get("gpu", ""), row.get("memoryMib", 0), row.get("rdmaDevices", 0) if rdma else 0)
