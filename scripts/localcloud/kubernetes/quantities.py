"""Amounts as Kubernetes writes them: 100Gi, 500m."""

_UNITS = {"m": 1e-3, "k": 1e3} | {
    f"{letter}{suffix}": float(base) ** power
    for power, letter in enumerate("KMGTPE", start=1)
    for suffix, base in (("i", 1024), ("", 1000))
}


def amount(quantity: str | float) -> float:
    """
    Return the number that *quantity* stands for.

    Raises:
        ValueError: It is no quantity.

    """
    text = str(quantity)
    unit = next((unit for unit in sorted(_UNITS, key=len, reverse=True) if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * _UNITS.get(unit, 1)
