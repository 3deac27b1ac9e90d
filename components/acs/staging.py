"""The weights on their way to the pods: from ModelScope to the bucket, and from there to the cache."""

from components import manifests
from components.acs.bucket import Weights
from components.acs.inside import Inside
from components.acs.objects import Object

Placed = tuple[Object, ...]


def staged(inside: Inside, store: Weights, base: Placed) -> Placed:
    """Return what serving waits for: the bucket's volume, filled, and where asked for the warm cache before it."""
    args = inside.args
    before: Placed = base
    if store.access_key:
        pair = manifests.bucket_keys(args, store.access_key.id, store.access_key.secret)
        before = (*base, inside.put("oss-keys", pair, base))
    volume = inside.put("oss-volume", manifests.volume(args, store.bucket), before)
    claim = inside.put("oss-claim", manifests.claim(args), (*before, volume, *store.ready))
    filled: Placed = (claim,)
    if args.weights_source == "modelscope":
        job = manifests.stage_job(args, store.bucket)
        filled = (claim, inside.run("stage", job, args.stage_minutes, (*before, *store.ready)))
    return _cached(inside, store, filled) if args.fluid_cache else filled


def _cached(inside: Inside, store: Weights, filled: Placed) -> Placed:
    args = inside.args
    fluid = (inside.install("ack-fluid", manifests.fluid_values(args)),) if args.fluid_install == "helm" else ()
    dataset = inside.put("dataset", manifests.dataset(args, store.bucket), (*filled, *fluid))
    runtime = inside.put("cache", manifests.runtime(args), (dataset,))
    load = inside.put("load", manifests.load(args), (runtime,))
    return (*filled, inside.run("cached", manifests.cached_job(args), args.cache_minutes, (load,)))
