"""OSS buckets, their settings and objects; a bucket is a folder on this host."""

import re
from hashlib import md5
from pathlib import Path

from scripts.localcloud.errors import CloudError
from scripts.localcloud.kinds import (
    BUCKET,
    BUCKET_ACCESS_BLOCK,
    BUCKET_ENCRYPTION,
    BUCKET_OBJECT,
    BUCKET_VERSIONING,
)
from scripts.localcloud.laws.law import Ask, Law, record_of
from scripts.localcloud.machines.hosts.bucket import Bucket as Stored
from scripts.localcloud.values import Values, text
from scripts.localcloud.world import Record, now

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def root_of(home: Path, bucket: str) -> Path:
    """Return the folder that holds the objects of *bucket*."""
    return home / "oss" / bucket


class Bucket(Law):
    """A bucket; its name is unique in the whole cloud."""

    type = BUCKET

    def create(self, ask: Ask) -> Record:
        """Add an empty bucket."""
        name = text(ask.inputs, "bucket") or f"tf-oss-bucket-{ask.world.count('bucket'):08d}"
        if _NAME.fullmatch(name) is None:
            message = f"bucket {name!r} must be 3 to 63 lower-case letters, digits and hyphens."
            raise CloudError("InvalidBucketName", message)
        if ask.world.find(self.type, name) is not None:
            raise CloudError("BucketAlreadyExists", f"The bucket {name!r} exists; bucket names are global.")
        root_of(ask.home, name).mkdir(parents=True, exist_ok=True)
        outputs: Values = {
            "bucket": name,
            "acl": "private",
            "creationDate": now(),
            "extranetEndpoint": f"oss-{ask.region}.aliyuncs.com",
            "intranetEndpoint": f"oss-{ask.region}-internal.aliyuncs.com",
            "location": f"oss-{ask.region}",
            "owner": "1234567890123456",
        }
        return ask.world.add(record_of(self.type, ask, name, outputs))

    def delete(self, ask: Ask, record: Record) -> None:
        """Refuse while there are objects, unless ``forceDestroy``, and while uploads in parts have not ended."""
        root = root_of(ask.home, record.id)
        full = root.exists() and any(path.is_file() for path in root.rglob("*"))
        if full and record.properties.get("forceDestroy") is not True:
            raise CloudError("BucketNotEmpty", f"The bucket {record.id!r} still has objects.")
        stored = Stored(record.id, record.region, root)
        if stored.uploads():
            keys = ", ".join(key for key, _ in stored.uploads())
            message = f"The bucket {record.id!r} still has parts of {keys}: abort the uploads."
            raise CloudError("BucketNotEmpty", message)
        stored.remove()


class BucketSetting(Law):
    """A setting of a bucket: one of its kind for each bucket."""

    def __init__(self, type_: str) -> None:
        self.type = type_

    def create(self, ask: Ask) -> Record:
        """Set it."""
        bucket = ask.world.need(BUCKET, text(ask.inputs, "bucket"), "NoSuchBucket")
        if ask.world.find(self.type, bucket.id) is not None:
            raise CloudError("OperationConflict", f"{bucket.id} already has a {self.type.rsplit(':', 1)[1]}.")
        return ask.world.add(record_of(self.type, ask, bucket.id, {}))


class BucketObject(Law):
    """An object of a bucket."""

    type = BUCKET_OBJECT

    def create(self, ask: Ask) -> Record:
        """Write the object."""
        bucket = ask.world.need(BUCKET, text(ask.inputs, "bucket"), "NoSuchBucket")
        return ask.world.add(record_of(self.type, ask, text(ask.inputs, "key"), self._write(ask, bucket.id)))

    def update(self, ask: Ask, record: Record, changed: frozenset[str]) -> None:  # noqa: ARG002
        """Write the object again."""
        ask.inputs.update(self._write(ask, record.text("bucket")))

    def delete(self, ask: Ask, record: Record) -> None:
        """Remove the object."""
        (root_of(ask.home, record.text("bucket")) / record.text("key")).unlink(missing_ok=True)

    def _write(self, ask: Ask, bucket: str) -> Values:
        source = text(ask.inputs, "source")
        body = Path(source).read_bytes() if source else text(ask.inputs, "content").encode()
        root = root_of(ask.home, bucket)
        path = root / text(ask.inputs, "key")
        if not path.resolve().is_relative_to(root.resolve()):
            raise CloudError("InvalidObjectName", f"key {text(ask.inputs, 'key')!r} leaves the bucket.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return {"contentLength": str(len(body)), "etag": md5(body, usedforsecurity=False).hexdigest().upper()}


ACCESS_BLOCK = BucketSetting(BUCKET_ACCESS_BLOCK)
ENCRYPTION = BucketSetting(BUCKET_ENCRYPTION)
VERSIONING = BucketSetting(BUCKET_VERSIONING)
