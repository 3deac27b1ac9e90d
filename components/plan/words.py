"""Numbers as the plan's texts write them."""

from components.sizing import GIB


def gib(size: float) -> str:
    """Return *size* bytes as text in GiB."""
    return f"{size / GIB:.2f} GiB"


def counted(number: int, noun: str) -> str:
    """Return *number* with *noun*, in the plural unless it is one."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """Return *share* of one as text."""
    return f"{100 * share:g}%"


def one(name: str) -> str:
    """Return *name* with its indefinite article, as it is read aloud letter by letter."""
    return f"{'an' if name[0] in 'AEFHILMNORSXaeiou' else 'a'} {name}"
