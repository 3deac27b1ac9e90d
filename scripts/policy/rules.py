"""The rules, and what they find in the resources of a stack."""

from collections.abc import Sequence

from . import containers, documents, keys, machines, networks, tags
from .config import Config, check, settings
from .resources import Finding, Resource
from .rule import Rule, View

RULES = (
    Rule("allow-lists", "What listens to the internet has a list of who may call.", networks.allow_lists),
    Rule(
        "listeners-have-lists",
        "A listener of a public load balancer has a list of who may call.",
        networks.listeners,
        whole_stack=True,
    ),
    Rule("buckets-private", "No bucket is for everybody.", networks.private_buckets),
    Rule("disks-encrypted", "Disks and file systems are encrypted.", machines.encrypted_disks),
    Rule("imds-v2", "A machine's metadata needs a token (IMDSv2).", machines.tokens_required),
    Rule("no-ssh", "Nobody logs in to a machine: no open port, no key pair, no password.", machines.nobody_logs_in),
    Rule("no-access-key", "No AccessKey is made, configured or written down.", keys.no_access_key),
    Rule("no-privileged-container", "No container rules the machine it runs on.", containers.no_privileges),
    Rule("images-pinned", "Images and charts name a version.", containers.pinned_images),
    Rule("ram-documents", "RAM documents are valid, and let in nobody unknown.", documents.broken),
    Rule("ram-least-privilege", "RAM documents allow no more than is needed.", documents.wide, level="advisory"),
    Rule(
        "tags-present",
        "What is billed carries tags.",
        tags.tags_present,
        level="advisory",
        options=("required", "exempt"),
    ),
)


def findings(resources: Sequence[Resource], config: Config = {}) -> list[Finding]:  # noqa: B006 - never changed
    """
    Return what breaks a rule: mandatory ones first, each in the order of *resources*.

    Raises:
        ValueError: *config* is not usable; the sentence names the way out.
    """
    check(RULES, config)
    chosen = [(rule, *settings(rule, config)) for rule in RULES]
    stack = {resource.urn: resource for resource in resources}
    found = [
        Finding(rule.name, level, resource, text)
        for resource in resources
        for rule, level, options in chosen
        if level != "disabled"
        for text in rule.broken(resource, View(options, stack))
    ]
    return sorted(found, key=lambda finding: finding.level != "mandatory")
