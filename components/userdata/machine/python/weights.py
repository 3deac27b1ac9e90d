# Brings the model's files to LLM_WEIGHTS_DIR, complete and checked, or says why not.
#
# The mark .complete is written last; with it only names and sizes are compared.

import glob
import json
import os
import shutil

from cloud import FatalError, Role, Web, run
from fetch import Fetch
from sources import ModelScope, Oss

SHARDS = (".safetensors", ".bin")
# The same weights once more, in forms the engines do not read.
OTHER = (".pth", ".pt", ".gguf", ".h5", ".msgpack", ".onnx")
INDEX = "model.safetensors.index.json"


# A file; its digest is sha256 in hex, or crc64 in decimal, or empty when the source names none.
class Item:
    def __init__(self, folder, name, size, digest):
        self.name, self.size, self.digest = name, size, digest
        self.path = os.path.join(folder, name)
        self.partial = f"{self.path}.{digest[:9]}.partial"
        self.shard = name.endswith(SHARDS)

    def present(self):
        return os.path.exists(self.path) and os.path.getsize(self.path) == self.size


def wanted(items):
    other = OTHER + ((".bin",) if any(item.name.endswith(".safetensors") for item in items) else ())
    found = [item for item in items if not item.name.endswith(other) and not item.name.startswith("original/")]
    if not any(item.shard for item in found):
        raise FatalError("the source has no *.safetensors and no *.bin")
    for item in found:
        if ".." in item.name or item.name.startswith("/"):
            raise FatalError(f"{item.name} leads out of its folder")
    return found


# The disk is sized for one model: when there is no room, those it held before go.
def make_room(folder, items):
    need = sum(item.size for item in items)
    need -= sum(os.stat(item.partial).st_blocks * 512 for item in items if os.path.exists(item.partial))
    for mark in glob.glob(os.path.join(folder, "../../*/*/.complete")):
        if need > free(folder):
            print("removing", mark)
            shutil.rmtree(os.path.dirname(mark))
    if need > free(folder):
        raise FatalError(
            f"the weights need {need / 1e9:.1f} GB more, the disk has {free(folder) / 1e9:.1f} GB: enlarge it"
        )


def free(folder):
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def check_index(text, items):
    lost = sorted(set(json.loads(text)["weight_map"].values()) - {item.name for item in items})
    if lost:
        raise FatalError(f"{INDEX} names {lost[0]}, which is not at the source ({len(lost)} such)")


def main(settings, web):
    folder = settings["LLM_WEIGHTS_DIR"]
    mark = folder + "/.complete"
    if os.path.exists(mark):
        with open(mark) as file:
            items = [Item(folder, *entry) for entry in json.load(file)]
        if all(item.present() for item in items):
            return f"{len(items)} files are complete by name and size"
        os.remove(mark)
    os.makedirs(folder, exist_ok=True)
    from_oss = settings["LLM_WEIGHTS_SOURCE"] == "oss"
    source = Oss(web, settings, Role(web)) if from_oss else ModelScope(web, settings)
    items = wanted([Item(folder, *entry) for entry in source.list()])
    missing = [item for item in items if not item.present()]
    make_room(folder, missing)
    size = sum(item.size for item in items)
    here = size - sum(item.size for item in missing)
    fetch = Fetch(web, source.request, int(settings["LLM_WEIGHTS_STREAMS"]))

    def report():
        shards = [item.present() for item in items if item.shard]
        got = (here + fetch.bytes()) / 1e9
        print(f"{sum(shards)} of {len(shards)} shards, {got:.1f} of {size / 1e9:.1f} GB", flush=True)

    # The index first: it can tell that a shard is missing before 600 GB are fetched.
    for shard in (False, True):
        fetch.run([item for item in missing if item.shard == shard], report)
        for item in items:
            if item.name == INDEX:
                with open(item.path) as file:
                    check_index(file.read(), items)
    with open(mark + ".partial", "w") as file:
        json.dump([(item.name, item.size, item.digest) for item in items], file)
        file.flush()
        # Commits the names given before as well: the file system's journal keeps their order.
        os.fsync(file.fileno())
    os.replace(mark + ".partial", mark)
    bare = sum(not item.digest for item in items)
    return f"{len(items)} files, {size / 1e9:.1f} GB; checked by checksum, {bare} of them by size alone"


if __name__ == "__main__":
    run(lambda: main(os.environ, Web()))
