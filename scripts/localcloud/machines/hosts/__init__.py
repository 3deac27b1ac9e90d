"""The hosts of the cloud that a machine calls: metadata, OOS, OSS and the model hub."""
