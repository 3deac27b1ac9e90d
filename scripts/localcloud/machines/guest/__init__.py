"""What runs inside a machine: its init, its stand-in commands and its container engine. Standard library and PyYAML."""
