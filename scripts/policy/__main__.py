"""The policy pack: `pulumi preview --policy-pack scripts/policy`."""

import importlib.util
import sys
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def _serve() -> None:
    """Import the folder as a package, whatever it is called where it lies, and serve the pack."""
    spec = importlib.util.spec_from_file_location(
        "policy", _FOLDER / "__init__.py", submodule_search_locations=[str(_FOLDER)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{_FOLDER} is no package.")
    sys.modules["policy"] = importlib.util.module_from_spec(spec)
    importlib.import_module("policy.pack").serve()


_serve()
