# Brings files from a source in ranges, and to the disk in parallel, summing each up while others arrive.
#
# A file on the disk grows as *.partial, whose holes are what is missing after an
# interruption. Only a checked file gets its name.

import ctypes
import hashlib
import os
import time
from abc import ABC, abstractmethod
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from http.client import HTTPException

from cloud import FatalError


# The source sends something else than its listing says.
class WrongError(Exception):
    pass


# The source sends the whole file whatever is asked.
class RangeIgnoredError(Exception):
    pass


# OSS's checksum by liblzma, whose CRC-64 is the same; pure Python would take days.
class Crc64:
    value = 0

    def update(self, data):
        crc64 = ctypes.CDLL("liblzma.so.5").lzma_crc64
        crc64.restype = ctypes.c_uint64
        start = (ctypes.c_char * len(data)).from_buffer(data)
        self.value = crc64(start, ctypes.c_size_t(len(data)), ctypes.c_uint64(self.value))

    def hexdigest(self):
        return str(self.value)


# Brings files from a source; what becomes of them is up to copy.
class Transfer(ABC):
    RANGE = 32 << 20
    BUFFER = 1 << 20

    def __init__(self, web, request, files):
        self.web = web
        self.request = request
        self.files = files
        self.got = {}
        self.urls = {}
        self.over = False
        self.pause = 1

    def bytes(self):
        return sum(list(self.got.values()))

    def run(self, items, report):
        with ThreadPoolExecutor(self.files) as pool:
            jobs = [pool.submit(self.file, item) for item in items]
            ended = others = set(jobs)
            while others and not self.over:
                report()
                ended, others = wait(jobs, 5, FIRST_EXCEPTION)
                self.over = any(job.exception() for job in ended)
            for job in jobs:
                job.cancel()
        for job in ended:
            job.result()

    def file(self, item):
        step, tries = self.RANGE, 0
        while True:
            try:
                return self.copy(item, step)
            except RangeIgnoredError:
                step = item.size
            except WrongError as error:
                tries += 1
                if tries == 3:
                    raise FatalError(f"{item.name}: {error}, three times")
                print(f"{item.name}: {error}; fetching it again", flush=True)

    @abstractmethod
    def copy(self, item, step):
        pass

    def compare(self, item, sums):
        if item.digest and sums.hexdigest() != item.digest:
            raise WrongError("its checksum is not that of the listing")

    # Every byte gained gives new tries.
    def part(self, item, start, end, keep):
        last = tries = 0
        while True:
            try:
                self.read(item, start, end, keep)
                return end - start
            except Exception as error:
                # Its reply is not read to the end.
                self.web.kept.__dict__.clear()
                if not isinstance(error, (OSError, EOFError, HTTPException)):
                    raise
                self.urls.pop(item.name, None)
                got = self.got[item.name, start]
                tries = tries + 1 if got == last else 1
                last = got
                if tries == 3 and isinstance(error, EOFError):
                    raise WrongError(error)
                if tries == 5 or self.over:
                    raise OSError(f"{item.name}: {type(error).__name__} {error}")
                time.sleep(self.pause * tries * tries)

    def read(self, item, start, end, keep):
        at = start + self.got[item.name, start]
        url, head = self.request(item.name)
        reply = self.web.send("GET", self.urls.get(item.name, url), dict(head, Range=f"bytes={at}-{end - 1}"))
        if reply.status not in (200, 206, 416):
            raise OSError(f"HTTP {reply.status}")
        size = str(reply.headers["Content-Length" if reply.status == 200 else "Content-Range"]).split("/")[-1]
        if size != str(item.size):
            raise WrongError(f"{size} bytes come, the listing says {item.size}")
        if reply.status == 200:
            if end - start < item.size:
                raise RangeIgnoredError
            at = 0
        self.urls[item.name] = reply.url
        view = memoryview(bytearray(self.BUFFER))
        while at < end:
            count = reply.readinto(view[: end - at])
            if not count or self.over:
                raise EOFError(f"it ends after {at} of {item.size} bytes")
            keep(view[:count], at)
            at += count
            self.got[item.name, start] = at - start
        reply.read()


class Fetch(Transfer):
    def __init__(self, web, request, streams):
        # Four files at a time keep the streams busy while one is summed up and synced.
        super().__init__(web, request, 4)
        self.pool = ThreadPoolExecutor(streams)

    def copy(self, item, step):
        os.makedirs(os.path.dirname(item.path), exist_ok=True)
        parts = self.start(item, step)
        try:
            self.check(item, parts)
        except (RangeIgnoredError, WrongError):
            for part in parts:
                part.cancel()
            wait(parts)
            os.remove(item.partial)
            raise
        os.replace(item.partial, item.path)

    def start(self, item, step):
        parts = []
        with open(item.partial, "ab") as data:
            # Without a checksum nothing half is trusted.
            if not item.digest:
                data.truncate(0)
            data.truncate(item.size)
            for start in range(0, item.size, step):
                end = min(start + step, item.size)
                # The last buffer before a hole may have been cut short.
                hole = min(end, os.lseek(data.fileno(), start, os.SEEK_HOLE))
                self.got[item.name, start] = max(0, hole - start - self.BUFFER)
                parts.append(self.pool.submit(self.fill, item, start, end))
        return parts

    def fill(self, item, start, end):
        with open(item.partial, "r+b", buffering=0) as data:
            return self.part(item, start, end, lambda view, at: os.pwrite(data.fileno(), view, at))

    def check(self, item, parts):
        sums = hashlib.sha256() if len(item.digest) == 64 else Crc64()
        view = memoryview(bytearray(self.BUFFER))
        with open(item.partial, "rb", buffering=0) as data:
            for part in parts:
                left = part.result()
                while left:
                    count = data.readinto(view[:left])
                    sums.update(view[:count])
                    left -= count
                # Not only at the end, when the disk would have to catch up with the whole file.
                os.fsync(data.fileno())
        self.compare(item, sums)
