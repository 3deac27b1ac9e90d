"""What the account calls the endpoint's resources, and how it marks them."""

import pydantic

from components.args.base import Args
from components.args.values import PhysicalName, Tags


class NamingArgs(Args):
    """Name and tags of what is bought."""

    physical_name: PhysicalName | None = None
    """What names in the account begin with; default: project, stack and component. Another one replaces resources."""

    tags: Tags = pydantic.Field(default_factory=dict)
    """Tags on every resource that takes them."""
