"""Instead of the stand-in engine, a real one: its virtual environment on the laptop, when the local cloud names one."""

from scripts.localcloud.machines.guest.places import machine


def mounts(kind: str) -> list[str]:
    """Return the mounts that bring the real engine into containers of image *kind*."""
    real = machine()["engines"].get(kind)
    if real is None:
        return []
    return [word for folder in real["folders"] for word in ("--ro-bind", folder, folder)]


def environment(kind: str) -> dict[str, str]:
    """Return the variables that put the real engine first."""
    real = machine()["engines"].get(kind)
    if real is None:
        return {}
    path = f"{real['venv']}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    variables: dict[str, str] = real["environment"]
    return {"PATH": path} | variables
