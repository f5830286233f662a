"""A memory control group of version 1 or 2 for one measured process at a time, and swap."""

import errno
import os
import subprocess
import time

import measure

NAME = f"darknet-bench-{os.getpid()}"


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def _write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


class Cgroup:
    """A folder of the memory hierarchy; create with find()."""

    def __init__(self, folder, version):
        self.folder, self.version = folder, version

    def limit(self, megabytes, swap):
        """Makes the group anew, so that its counters begin at zero."""
        self.remove()
        os.mkdir(self.folder)
        size = megabytes * measure.MB
        if self.version == 2:
            _write(f"{self.folder}/memory.max", size)
            _write(f"{self.folder}/memory.swap.max", "max" if swap else 0)
            return
        _write(f"{self.folder}/memory.limit_in_bytes", size)
        if not swap and os.path.exists(f"{self.folder}/memory.memsw.limit_in_bytes"):
            _write(f"{self.folder}/memory.memsw.limit_in_bytes", size)

    def peak(self):
        """Most MB charged to the group: page cache and kernel memory included. None: not counted."""
        name = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        path = f"{self.folder}/{name}"
        return int(_read(path)) / measure.MB if os.path.exists(path) else None

    def remove(self):
        """A process that was just killed is counted until the kernel has taken it apart."""
        for _ in range(600):
            try:
                os.rmdir(self.folder)
            except FileNotFoundError:
                return
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                time.sleep(.05)
        raise SystemExit(f"{self.folder} cannot be removed: there are processes in it")


def find():
    """A group that can be made, limited and removed here, or None after saying why there is none."""
    why = []
    for root, version, control in (("/sys/fs/cgroup", 2, "memory.max"),
                                   ("/sys/fs/cgroup/memory", 1, "memory.limit_in_bytes")):
        group = Cgroup(os.path.join(root, NAME), version)
        try:
            os.mkdir(group.folder)
            found = os.path.exists(f"{group.folder}/{control}")
            group.remove()
            if found:
                return group
            why.append(f"{root} has no {control} in a new group")
        except OSError as error:
            why.append(str(error))
    measure.note("No memory cgroup can be made here (" + "; ".join(why) + "): runs are not limited, "
                 "and only what they take is shown")
    return None


def swap_exists():
    return len(_read("/proc/swaps").splitlines()) > 1


def swapped_out():
    """MB written to swap on this machine since it started."""
    for line in _read("/proc/vmstat").splitlines():
        if line.startswith("pswpout "):
            return int(line.split()[1]) * os.sysconf("SC_PAGE_SIZE") / measure.MB
    return 0.0


class SwapFile:
    """A swap file for the time of a measurement. As root only."""

    def __init__(self, path, megabytes):
        self.path = path
        with open(path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, megabytes * measure.MB)
        os.chmod(path, 0o600)
        subprocess.run(["mkswap", path], check=True, stdout=subprocess.DEVNULL)
        try:
            subprocess.run(["swapon", path], check=True)
        except subprocess.CalledProcessError:
            os.remove(path)
            raise SystemExit(f"{path}: swap could not be turned on") from None

    def remove(self):
        subprocess.run(["swapoff", self.path], check=True)
        os.remove(self.path)
