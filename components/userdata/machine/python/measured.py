# Judges the log of a link test: measured.py EXIT_CODE

import os
import re
import sys

from cloud import FatalError, run

WAY_OUT = "use an engine image with Alibaba Cloud's eRDMA packages, or interconnect tcp"


def network(log):
    chosen = re.findall(r"NCCL INFO Using network (\w+)|via NET/(\w+)", log)
    names = sorted({first or second for first, second in chosen})
    return " and ".join(names) or "gloo"


def devices(log):
    lists = re.findall(r"NCCL INFO NET/\w+ : Using (.*)", log)
    return sorted(set(re.findall(r"\[\d+\](\w+):", " ".join(lists))))


def first_words(log):
    found = re.search(r"(?<=NCCL WARN ).*|(?:\w+\.)*\w*(?:Error|Exception): .*", log)
    return found.group() if found else (log.strip().splitlines() or ["no word"])[-1]


# Why NCCL did without RDMA, as far as its log and ibv_devinfo inside the image tell.
def why_not_rdma(log):
    inside = re.search(r"^ibv_devinfo inside.*?(?=^\S+:\d+:\d+ \[\d+\] NCCL|\Z)", log, re.MULTILINE | re.DOTALL)
    if not inside:
        return f"/dev/infiniband is not in its container: {WAY_OUT}"
    seen = len(re.findall(r"hca_id:", inside.group()))
    if not seen:
        return f"ibv_devinfo finds no device inside the engine's image, which lacks the eRDMA provider: {WAY_OUT}"
    said = re.search(r"(?<=NCCL WARN ).*|(?<=NCCL INFO )(NET/IB : No|NCCL_IB_DISABLE).*", log)
    return f"the engine's image sees {seen} RDMA devices, NCCL says: {said.group() if said else 'nothing'}"


def main(settings, code, log):
    if "No module named 'torch'" in log:
        raise FatalError(f"{settings['LLM_ENGINE_IMAGE']} holds no PyTorch, which measures the link")
    result = re.search(r"^link: (.*)", log, re.MULTILINE)
    if code == 124:
        raise OSError(f"no all-reduce within 15 minutes: {first_words(log)}")
    if code or not result:
        raise OSError(f"the all-reduce ended with code {code}: {first_words(log)}")
    used = network(log)
    if settings["LLM_INTERCONNECT"] == "erdma" and used != "IB":
        raise FatalError(f"NCCL took {used} instead of RDMA: {why_not_rdma(log)}")
    over = "gloo" if used == "gloo" else f"NET/{used} {' '.join(devices(log))}"
    if used == "IB" and "GDRDMA" not in log:
        over += ", without GPUDirect"
    return f"{result.group(1)} over {over}"


def judge(settings, code, folder):
    with open(os.path.join(folder, "link.log"), errors="replace") as file:
        text = main(settings, code, file.read())
    with open(os.path.join(folder, "link"), "w") as file:
        print(text, file=file)
    return text


if __name__ == "__main__":
    run(lambda: judge(os.environ, int(sys.argv[1]), "/run/llm"))
