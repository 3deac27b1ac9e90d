"""Projects of the log service."""

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import LOG_PROJECT
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, now


class Project(Law):
    """A project; names are unique in the whole cloud."""

    type = LOG_PROJECT

    def create(self, ask: Ask) -> Record:
        """Add a project under a free name."""
        name = text(ask.inputs, "projectName") or text(ask.inputs, "name")
        if ask.world.find(self.type, name) is not None:
            raise CloudError("ProjectAlreadyExist", f"The project {name!r} exists; project names are global.")
        outputs: Values = {"projectName": name, "name": name, "createTime": now(), "status": "Normal"}
        return ask.world.add(record_of(self.type, ask, name, outputs))
