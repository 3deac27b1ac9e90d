"""What a reviewer reads in `preview` of a cluster: does it fit, who reaches it and its API, what it costs."""

from components.args import AcsLlmClusterArgs
from components.cost.words import lines
from components.review import exposure
from components.sizing import transfer_minutes

_HOUR = 60


def review(name: str, args: AcsLlmClusterArgs) -> str:
    """Return the verdict on *args*, its exposure, the cluster, the way of the weights and the cost, in plain lines."""
    rest = [*exposure(args, "load balancer"), *_cluster(args), *_weights(args), *_needs(args)]
    return "\n".join([f"{name}: {args.plan.verdict()}", *rest, *lines(args.bill, args.monthly_budget)])


def _cluster(args: AcsLlmClusterArgs) -> list[str]:
    if not args.create_cluster:
        return ["cluster: your own; its API must be reachable from where `up` runs"]
    if args.api_access == "public":
        reached = f"its API is reached from {', '.join(args.api_allowed_cidrs or ())} and from inside private networks"
    else:
        reached = "its API is reached from inside the VPC only, where `up` must run"
    secrets = "encrypted with your KMS key" if args.kms_key_id else "not encrypted with a key of yours; see kmsKeyId"
    return [f"cluster: creates an ACS cluster; {reached}", f"        its Secrets are {secrets}"]


def _weights(args: AcsLlmClusterArgs) -> list[str]:
    way = [f"weights: from the bucket {args.oss_bucket}" if args.weights_source == "oss" else _staged(args)]
    if args.oss_access == "access-key":
        way.append("        ACCESS KEY: a RAM user's key pair lies in the state and the cluster; 'rrsa' needs none")
    if not args.needs_internet:
        return [*way, "egress: none needed; images and weights come from the region's own endpoints"]
    if args.nat_gateway:
        return [*way, "egress: buys a NAT gateway and an EIP, because images or weights come from the internet"]
    return [*way, "egress: images or weights come from the internet; the pods' vSwitch must have a way out"]


def _staged(args: AcsLlmClusterArgs) -> str:
    size = args.model_row.weights_bytes
    minutes = round(transfer_minutes(size, args.eip_bandwidth_mbps))
    took = f"{minutes // 60} h {minutes % 60} min" if minutes >= _HOUR else f"{minutes} minutes"
    into = "a new private bucket" if args.create_bucket else f"the bucket {args.oss_bucket}"
    return (
        f"weights: {size / 1e9:,.0f} GB from ModelScope into {into}, once, before any GPU is rented: "
        f"{took} at {args.eip_bandwidth_mbps} Mbit/s"
    )


def _needs(args: AcsLlmClusterArgs) -> list[str]:
    found = []
    if args.fluid_cache:
        text = "Fluid's pods need the account's permission for privileged pods on ACS; without it fluidEnabled: false"
        found.append(f"ticket: {text}")
    if args.pods > 1 and args.security_group_id is None and not args.create_cluster and args.cluster_id is None:
        text = "the engines of a replica trust whoever reaches their ports: everybody in the VPC, as ACS enforces no"
        found += [f"OPEN:   {text}", "        NetworkPolicy on GPU pods; a securityGroupId of your own can close them"]
    return found
