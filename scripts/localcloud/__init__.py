"""A stand-in for Alibaba Cloud at the Pulumi provider boundary; it imports nothing from ``components``."""
