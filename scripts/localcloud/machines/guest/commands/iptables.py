"""iptables: rules of the chain OUTPUT that keep a group of processes from an address."""

from scripts.localcloud.machines.guest import fence
from scripts.localcloud.machines.guest.commands import RefusedError, complain, say
from scripts.localcloud.machines.guest.commands.options import Options

_VERBS = ("-A", "-C", "-D", "-I", "-S")
_TARGETS = ("ACCEPT", "DROP", "REJECT")
_OPTIONS = Options(("-w",), (*_VERBS, "-d", "-m", "--gid-owner", "-j"))


def _rule(given: dict[str, list[str]]) -> fence.Rule:
    """Return the rule in *given*, its destination without a prefix of one address."""
    rule = {name: values[-1] for name, values in given.items() if name not in _VERBS and name != "-w"}
    if not {"-d", "-j"} <= set(rule) or rule["-j"] not in _TARGETS:
        raise RefusedError(f"give -d and -j, one of {', '.join(_TARGETS)}")
    if ("--gid-owner" in rule) != (rule.pop("-m", "") == "owner"):
        raise RefusedError("--gid-owner needs -m owner, and -m owner it")
    return rule | {"-d": rule["-d"].removesuffix("/32")}


def _line(rule: fence.Rule) -> str:
    owner = f" -m owner --gid-owner {rule['--gid-owner']}" if "--gid-owner" in rule else ""
    reject = " --reject-with icmp-port-unreachable" if rule["-j"] == "REJECT" else ""
    return f"-A OUTPUT -d {rule['-d']}/32{owner} -j {rule['-j']}{reject}"


def main(_name: str, arguments: list[str]) -> int:
    """Add, check, delete or show rules."""
    given, words = _OPTIONS.read(arguments)
    verbs = [verb for verb in _VERBS if verb in given]
    if words or len(verbs) != 1 or given[verbs[0]] != ["OUTPUT"]:
        raise RefusedError(f"only one of {', '.join(_VERBS)} with the chain OUTPUT is known: {' '.join(arguments)}")
    rules = fence.rules()
    if verbs == ["-S"]:
        say("\n".join(["-P OUTPUT ACCEPT", *map(_line, rules)]))
        return 0
    rule = _rule(given)
    if verbs[0] in ("-C", "-D") and rule not in rules:
        complain("iptables: Bad rule (does a matching rule exist in that chain?).")
        return 1
    match verbs[0]:
        case "-A":
            fence.write([*rules, rule])
        case "-I":
            fence.write([rule, *rules])
        case "-D":
            rules.remove(rule)
            fence.write(rules)
    return 0
