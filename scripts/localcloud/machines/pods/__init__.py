"""Kubernetes pods, each run as one machine of this laptop."""

from scripts.localcloud.machines.pods.sandboxes import SandboxPods
from scripts.localcloud.machines.pods.spec import AccessKey, Manifest, OidcRole, OssVolume, PodFacts, Pods

__all__ = ["AccessKey", "Manifest", "OidcRole", "OssVolume", "PodFacts", "Pods", "SandboxPods"]
