"""How fast a machine's clock runs; imports nothing, because every sleep command reads it."""

SPEED = 50
"""How many seconds of waiting pass in one second: sleeps, restart delays and start limits are divided by it."""
