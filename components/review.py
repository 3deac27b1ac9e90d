"""What a reviewer reads in `preview`: does it fit, who can reach it, what else is bought, what it costs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.args import EcsLlmArgs
from components.cost.words import lines
from components.sizing import transfer_minutes

if TYPE_CHECKING:
    from components.args import LlmArgs


def review(name: str, args: EcsLlmArgs, nodes: Sequence[str] = ()) -> str:
    """Return the verdict on *args*, how its *nodes* are joined, its exposure, egress and cost, in plain lines."""
    rest = [*nodes, *exposure(args, "EIP"), *_egress(args), *lines(args.bill, args.monthly_budget)]
    return "\n".join([f"{name}: {args.plan.verdict()}", *rest])


def exposure(args: "LlmArgs", door: str) -> list[str]:
    """Return who may call, and through which public *door*, such as an EIP."""
    lines = [f"reach:  {args.scheme} port {args.port} from {', '.join(args.allowed_private)} with the API key"]
    if args.public_allowed_cidrs is None:
        return [*lines, f"        nobody on the internet (no public {door})"]
    lines.append(f"        PUBLIC: {', '.join(args.public_allowed_cidrs)} through a public {door}, with the API key")
    if not args.tls:
        lines.append("        PUBLIC WITHOUT TLS: key and text can be read on their way; give tlsCertificate")
    return lines


def _slow_weights(args: EcsLlmArgs) -> list[str]:
    size = args.plan.request.model.weights_bytes * args.NODES
    hours = round(transfer_minutes(size, args.eip_bandwidth_mbps) / 60)
    if args.weights_source == "oss" or hours <= 1:
        return []
    billed = "the machine" if args.NODES == 1 else "both machines"
    speed = f"{args.eip_bandwidth_mbps} Mbit/s"
    return [
        f"        SLOW: {size / 1e9:,.0f} GB of weights need {hours} hours at {speed}, with {billed} billed;",
        "        from a bucket of the region they take minutes: put them there once and use weightsSource: oss",
    ]


def _egress(args: EcsLlmArgs) -> list[str]:
    if not args.needs_internet:
        return ["egress: none needed; image and weights come from the region's own endpoints"]
    if args.nat_gateway:
        return [
            "egress: buys a NAT gateway and an EIP, because the boot fetches image or weights from the internet;",
            "        weightsSource: oss with images on a registry of the region's VPC would need neither",
            *_slow_weights(args),
        ]
    if args.public and args.NODES == 1:
        return ["egress: through the endpoint's own EIP", *_slow_weights(args)]
    return ["egress: the boot fetches image or weights from the internet; the vSwitch you gave must have a way out"]
