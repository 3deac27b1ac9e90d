"""What the text of an image reference tells."""

import pytest

from components.images import engine_version, named_version, other_engine, parse_version, repository

EGS = "egs-registry.cn-hangzhou.cr.aliyuncs.com/egs/vllm"
LINGJUN = "egslingjun-registry.cn-wulanchabu.cr.aliyuncs.com/egslingjun/inference-nv-pytorch"


@pytest.mark.parametrize(
    ("image", "vllm", "sglang"),
    [
        ("vllm/vllm-openai:v0.32.0", "0.32.0", None),
        ("vllm/vllm-openai:v0.33.0rc1", "0.33.0rc1", None),
        ("lmsysorg/sglang:v0.4.6.post1-cu124", None, "0.4.6.post1"),
        (f"{EGS}:0.11.0-pytorch2.8-cu128-20251015", "0.11.0", None),
        (f"{EGS}:0.7.2-sglang0.4.3.post2-pytorch2.5-cuda12.4-20250224", "0.7.2", "0.4.3.post2"),
        (f"{LINGJUN}:26.03-vllm0.17.1-pytorch2.10-cu128-20260317-serverless", "0.17.1", None),
        ("registry.example.com:5000/team/vllm", None, None),
        ("vllm/vllm-openai:latest", None, None),
        ("team/engine:1.2.3", None, None),
        (f"vllm/vllm-openai@sha256:{'a' * 64}", None, None),
        ("Not An Image", None, None),
    ],
)
def test_version_in_a_tag(image: str, vllm: str | None, sglang: str | None) -> None:
    """The vendors' own tag forms; a tag that says nothing gives nothing."""
    assert (vllm, sglang) == (engine_version(image, "vllm"), engine_version(image, "sglang"))


@pytest.mark.parametrize(
    ("image", "ray", "path"),
    [
        ("vllm/vllm-openai:v0.32.0", None, "vllm/vllm-openai"),
        ("docker.io/vllm/vllm-openai:v0.32.0-ray2.60.0", "2.60.0", "vllm/vllm-openai"),
        ("registry.example.com:5000/team/vllm-ray:v0.32.0", None, "team/vllm-ray"),
        (f"team/vllm:ray-2.52.0@sha256:{'a' * 64}", "2.52.0", "team/vllm"),
        ("Not An Image", None, ""),
    ],
)
def test_what_else_an_image_says(image: str, ray: str | None, path: str) -> None:
    """Another program's version stands behind its name, and the path is the same in every registry."""
    assert (ray, path) == (named_version(image, "ray"), repository(image))


def test_versions_compare() -> None:
    """A post release is newer and a release candidate older than the release; shorter is padded with zeros."""
    texts = ["0.4.6", "0.33.0rc1", "0.33.0", "0.10.2", "0.4.6.post1", "0.9.0.1", "0.9"]

    assert ["0.4.6", "0.4.6.post1", "0.9", "0.9.0.1", "0.10.2", "0.33.0rc1", "0.33.0"] == sorted(
        texts, key=parse_version
    )


def test_text_without_a_version() -> None:
    """A row that says 'latest' is a mistake in the catalog."""
    with pytest.raises(ValueError, match="no version") as error:
        parse_version("latest")

    assert "'latest' is no version" == str(error.value)


@pytest.mark.parametrize(
    ("image", "engine", "other"),
    [
        ("lmsysorg/sglang:v0.5.23", "vllm", "sglang"),
        ("vllm/vllm-openai:v0.32.0", "sglang", "vllm"),
        (f"{EGS}:0.7.2-sglang0.4.3", "sglang", None),
        ("team/engine:1", "vllm", None),
    ],
)
def test_image_of_the_other_engine(image: str, engine: str, other: str | None) -> None:
    """An image named after one engine does not run the other."""
    assert other == other_engine(image, engine)
