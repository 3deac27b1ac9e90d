"""The door for the real ``pulumi`` command: a provider plugin that speaks its gRPC protocol."""
