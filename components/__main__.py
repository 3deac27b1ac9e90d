"""Serve the components to Pulumi programs in other languages: `pulumi` runs this folder as a plugin."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Run as a folder, its modules would be importable by their bare names, and hide others of that name.
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != HERE)]

from components.plugin import serve  # noqa: E402 - it lies in the parent

serve(sys.argv[1:])
