"""What a reviewer reads in `preview`: does it fit, who can reach it, what else is bought."""

from components.args import SingleEcsLlmArgs


def review(name: str, args: SingleEcsLlmArgs) -> str:
    """Return the verdict on *args*, its exposure and its egress, a few lines of plain text."""
    return "\n".join([f"{name}: {args.plan.verdict()}", *_exposure(args), _egress(args)])


def _exposure(args: SingleEcsLlmArgs) -> list[str]:
    scheme = "https" if args.tls else "http"
    lines = [f"reach: {scheme} port {args.port} from {', '.join(args.allowed_private)} with the API key"]
    if not args.public_allowed_cidrs:
        return [*lines, "reach: nobody on the internet (no EIP)"]
    lines.append(f"reach: the internet from {', '.join(args.public_allowed_cidrs)} through an EIP, with the API key")
    if not args.tls:
        lines.append("reach: public without TLS: key and text cross the internet readable; give tlsCertificate")
    return lines


def _egress(args: SingleEcsLlmArgs) -> str:
    if not args.needs_internet:
        return "egress: none needed; image and weights come from the region's own endpoints"
    if args.nat_gateway:
        return (
            "egress: buys a NAT gateway with an EIP, because image or weights come from the internet; "
            "weightsSource: oss with images on the region's own registry needs none"
        )
    if args.public_allowed_cidrs:
        return "egress: through the endpoint's own EIP"
    return "egress: image or weights come from the internet; the vSwitch you gave must have a way out"
