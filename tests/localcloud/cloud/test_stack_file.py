"""What this door remembers of a stack between its runs."""

import stat
from pathlib import Path

from scripts.localcloud.inprocess.stack_file import Known, StackFile

URN = "urn:pulumi:dev::project::a:b:c::"


def _known(name: str, **more: str) -> Known:
    return Known(f"{URN}{name}", "a:b:c", name, "", custom=True, inputs={"key": "s3cret"}, secret=["key"], **more)  # type: ignore[arg-type]  # names


def test_what_was_put_is_there(tmp_path: Path) -> None:
    """In its order, the secret ones marked, for nobody else to read; what has a new name keeps its place."""
    file = StackFile(tmp_path, "project", "dev")
    for name in ("one", "two", "three"):
        file.put(_known(name))
    file.put(_known("deux"), _known("two"))
    file.drop(f"{URN}three")
    running = StackFile(tmp_path, "project", "dev")
    file.finish({"key": "s3cret"}, ["key"])
    ended = StackFile(tmp_path, "project", "dev")

    assert ["one", "deux"] == [known.name for known in running.resources.values()]
    assert (running.resources, {"key": "s3cret"}, ["key"]) == (ended.resources, ended.outputs, ended.secret_outputs)
    assert '{"$secret": "s3cret"}' in file.path.read_text()
    assert 0o600 == stat.S_IMODE(file.path.stat().st_mode)


def test_half_a_line_is_none(tmp_path: Path) -> None:
    """A run that was killed while it wrote loses that word only."""
    file = StackFile(tmp_path, "project", "dev")
    file.put(_known("one"))
    with file.path.open("a") as handle:
        handle.write('{"put": {"urn"')
    StackFile(tmp_path, "project", "dev").put(_known("two"))

    assert ["one", "two"] == [known.name for known in StackFile(tmp_path, "project", "dev").resources.values()]
