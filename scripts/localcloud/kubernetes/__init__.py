"""Kubernetes in the local cloud: what a cluster's API accepts and keeps, and how the provider talks to it."""
