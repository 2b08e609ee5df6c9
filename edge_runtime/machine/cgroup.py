"""The number of processors that this process may use."""

from __future__ import annotations

import os

CGROUPS, OWN_CGROUP = "/sys/fs/cgroup", "/proc/self/cgroup"


def available_threads() -> int:
    """Processors that the affinity mask and the control group allow this process, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min([allowed, *(int(quota) for quota in _cgroup_quotas())]))


def _cgroup_quotas() -> list[float]:
    """CPU quotas (processors) of the control groups, from this process's own up to the root; versions 2 and 1."""
    try:
        lines = _text(OWN_CGROUP).splitlines()
    except OSError:
        return []
    quotas = []
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if not controllers:
            quotas += _quotas_upwards(CGROUPS, own, ("cpu.max",))
        elif "cpu" in controllers.split(","):
            quotas += _quotas_upwards(os.path.join(CGROUPS, "cpu"), own, ("cpu.cfs_quota_us", "cpu.cfs_period_us"))
    return quotas


def _quotas_upwards(root: str, own: str, files: tuple[str, ...]) -> list[float]:
    quotas = []
    names = [name for name in own.split("/") if name]
    for depth in range(len(names), -1, -1):
        folder = os.path.join(root, *names[:depth])
        try:
            quota, period = " ".join(_text(os.path.join(folder, file)) for file in files).split()
            if float(quota) > 0:  # version 1 says -1 for no limit
                quotas.append(max(1.0, float(quota) / float(period)))
        except (OSError, ValueError):  # no such file, or "max": no limit here
            pass
    return quotas


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
