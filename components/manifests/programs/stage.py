# Copies the model's files from ModelScope to a bucket, complete and checked, or says why not.
#
# Nothing has a name in the bucket before its bytes have the checksum of the listing, which it
# carries along: what an earlier run has copied is not copied again, what it has begun is.
#
# LLM_REGION, LLM_WEIGHTS_MODEL, LLM_WEIGHTS_REVISION, LLM_WEIGHTS_STREAMS (files at a time, each
# takes 32 MiB of memory), LLM_OSS_BUCKET, LLM_OSS_PREFIX, those of access.py.
# Exit 0: all there, 1: may pass by itself, 2: something must be changed.

import hashlib
import os
from functools import partial

from access import access
from bucket import Bucket
from cloud import FatalError, Web, run
from fetch import Transfer
from jobs import tell
from sources import ModelScope, listing
from weights import INDEX, Item, check_index, wanted


class Stage(Transfer):
    def __init__(self, web, request, bucket, streams):
        super().__init__(web, request, streams)
        self.bucket = bucket

    def copy(self, item, step):
        if step > self.RANGE:
            raise FatalError(f"the source sends the whole of {item.name}, whatever range is asked")
        if item.size <= step:
            self.bucket.put(item, b"".join(self.pieces(item, step)))
            return
        upload = self.bucket.begin(item)
        try:
            tags = [self.bucket.add(item, upload, *piece) for piece in enumerate(self.pieces(item, step), 1)]
        except Exception:
            self.bucket.drop(item.name, upload)
            raise
        self.bucket.complete(item, upload, tags)

    # Its bytes, all in the same room one after the other; after the last comes the verdict.
    def pieces(self, item, step):
        sums = hashlib.sha256()
        room = memoryview(bytearray(min(step, item.size)))
        for start in range(0, item.size, step):
            end = min(start + step, item.size)
            piece = room[: end - start]
            self.got[item.name, start] = 0
            self.part(item, start, end, partial(keep, piece, start))
            sums.update(piece)
            yield piece
        self.compare(item, sums)


# Puts what comes to its place in a piece that begins at start.
def keep(piece, start, view, at):
    piece[at - start :][: len(view)] = view


def main(settings, web):
    source = ModelScope(web, settings)
    bucket = Bucket(web, settings, access(settings, web))
    items = wanted([Item("", *entry) for entry in source.list()])
    for item in items:
        if item.name == INDEX:
            check_index(listing(web, *source.request(INDEX)), items)
    bucket.drop_all()
    there = dict(bucket.sizes())
    missing = [item for item in items if there.get(item.name) != item.size or bucket.digest(item.name) != item.digest]
    size, need = (sum(item.size for item in some) for some in (items, missing))
    stage = Stage(web, source.request, bucket, int(settings["LLM_WEIGHTS_STREAMS"]))
    stage.run(missing, lambda: print(f"{(size - need + stage.bytes()) / 1e9:.1f} of {size / 1e9:.1f} GB", flush=True))
    bare = sum(not item.digest for item in items)
    return (
        f"{len(items)} files, {size / 1e9:.1f} GB in {bucket.name}, {len(missing)} of them copied now; "
        f"checked by checksum, {bare} of them by size alone"
    )


if __name__ == "__main__":
    run(lambda: main(os.environ, Web()), tell)
