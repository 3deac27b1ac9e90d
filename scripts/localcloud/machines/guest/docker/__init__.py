"""A container engine that runs real processes in their own namespaces, for the images that a machine of ours uses."""
