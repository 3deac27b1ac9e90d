"""What is said of a resource that is protected and would go."""

from scripts.localcloud.inprocess.events import Registration

UNPROTECT = "Take protect off in the program and run up first."


def refusal(registration: Registration, *, protect: bool) -> str:
    """Return why *registration*, which is to *protect* from now on, cannot happen; empty when it can."""
    if registration.old is None or not registration.old.protect:
        return ""
    if registration.step == "replace" and protect:
        why = ", ".join(registration.replaces)
        return f"{registration.name} is protected and would be replaced ({why}). {UNPROTECT}"
    if registration.step == "delete":
        return f"{registration.name} is protected and would be deleted. {UNPROTECT}"
    return ""
