"""What a reviewer reads in `preview`: does it fit, who can reach it, what else is bought."""

from components.args import SingleEcsLlmArgs


def review(name: str, args: SingleEcsLlmArgs) -> str:
    """Return the verdict on *args*, its exposure and its egress, a few lines of plain text."""
    return "\n".join([f"{name}: {args.plan.verdict()}", *_exposure(args), *_egress(args)])


def _exposure(args: SingleEcsLlmArgs) -> list[str]:
    scheme = "https" if args.tls else "http"
    lines = [f"reach:  {scheme} port {args.port} from {', '.join(args.allowed_private)} with the API key"]
    if args.public_allowed_cidrs is None:
        return [*lines, "        nobody on the internet (no EIP)"]
    lines.append(f"        PUBLIC: {', '.join(args.public_allowed_cidrs)} through an EIP, with the API key")
    if not args.tls:
        lines.append("        PUBLIC WITHOUT TLS: key and text can be read on their way; give tlsCertificate")
    return lines


def _egress(args: SingleEcsLlmArgs) -> list[str]:
    if not args.needs_internet:
        return ["egress: none needed; image and weights come from the region's own endpoints"]
    if args.nat_gateway:
        return [
            "egress: buys a NAT gateway and an EIP, because the boot fetches image or weights from the internet;",
            "        weightsSource: oss with images on a registry of the region's VPC would need neither",
        ]
    if args.public:
        return ["egress: through the endpoint's own EIP"]
    return ["egress: the boot fetches image or weights from the internet; the vSwitch you gave must have a way out"]
