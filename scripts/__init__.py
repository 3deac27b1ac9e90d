"""Tools people run: demo, test, check, the local cloud and the clients."""
