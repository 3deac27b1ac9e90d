"""A stand-in for systemd: it knows the directives in use, and refuses a unit file with any other."""
