"""
Kubernetes in the local cloud: what a cluster's API accepts and keeps, and how the provider talks to it.

Where it is known to differ from the real ones: a misspelt field is refused before anything is made, where the provider
lets it vanish; a secret inside a spec makes all of the spec secret; a new Service's Endpoints are quiet after one
second, not ten; no field ever conflicts with another writer's; a Helm chart installs its kinds and runs nothing; what
ACS says when it refuses is made up, and sizes of pods are checked only where they are known. No kubeconfig lying
around is ever read. There are no Patch and no List resources, no rendered YAML, no client-side apply, and none of the
provider's functions.
"""
