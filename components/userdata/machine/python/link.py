# Runs in the engine's image on every GPU of both nodes: times an all-reduce, each node's first process tells.

import os
import subprocess
import time

# Which network NCCL takes, and why not a better one, is in this log alone.
os.environ["NCCL_DEBUG"] = "INFO"

import torch
import torch.distributed as dist

MIB, WARM_UPS, ROUNDS = 256, 3, 10


def devices():
    print("ibv_devinfo inside the engine's image:", flush=True)
    try:
        subprocess.call(["ibv_devinfo"])
    except OSError as error:
        print(error, flush=True)


def reduce(data, times):
    for _ in range(times):
        dist.all_reduce(data)
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main():
    first = os.environ["LOCAL_RANK"] == "0"
    if first and os.path.exists("/dev/infiniband"):
        devices()
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    data = torch.ones(MIB << 18, dtype=torch.float32, device="cuda" if cuda else "cpu")
    reduce(data, WARM_UPS)
    begun = time.monotonic()
    reduce(data, ROUNDS)
    seconds = (time.monotonic() - begun) / ROUNDS
    ranks = dist.get_world_size()
    # What nccl-tests calls bus bandwidth: as much goes through each rank's link.
    speed = 2 * (ranks - 1) / ranks * (MIB << 20) / seconds / 1e9
    if first:
        what = "GPUs" if cuda else "processes without a GPU"
        # In one piece: NCCL of another process writes to the same log.
        text = f"link: {MIB} MiB all-reduce over {ranks} {what}: {speed:.1f} GB/s bus bandwidth\n"
        os.write(1, text.encode())
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
