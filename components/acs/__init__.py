"""The parts of `AcsLlmCluster`: the cluster, the weights on their way into it, and what serves there."""
