"""The network between the machines of one home, and the filter in front of each."""
