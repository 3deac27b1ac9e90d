"""The door for a machine without ``pulumi``: the SDK's mock monitor in front of the cloud, and a small command line."""
