"""A pod from the inside: what a node's kubelet does for it."""
