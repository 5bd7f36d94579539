# SPDX-License-Identifier: BSD-2-Clause
"""An emulated machine with PCI NICs, and an IOMMU or none, which the build machines have not.

QEMU runs Debian's kernel without KVM, so it takes half a minute to start and says nothing about
speed. Its files are this machine's, read-only, with a layer of memory above; so the binary, the
scripts and DPDK in it are the ones that are here. Each NIC is joined to a tap of the namespace that
the test lives in. Needs what `scripts/setup --machine` installs.
"""

import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import tempfile

from harness import Skip, true
from lab import TREE, wait_until

BUILD = os.path.join(TREE, "build-machine")  # for a CPU that QEMU emulates
BINARY = os.path.join(BUILD, "app", "ringside")
KERNEL = os.path.join(BUILD, "kernel")
MODULES = (  # folders of the kernel package that have what is loaded, and what that takes
    "drivers/virtio", "net/9p", "fs/9p", "fs/netfs", "fs/fscache", "fs/overlayfs",
    "drivers/vfio", "virt/lib", "net/core", "drivers/uio",
)  # fmt: skip
START_WITHIN_S = 240  # beside other tests
SHELL_WITHIN_S = 180

# Mounts this machine's files below a layer of memory, and takes orders on the console.
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_pci 9pnet_virtio 9p overlay; do modprobe $module; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro host /lower
mount -t tmpfs memory /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work overlay /root
mkdir -p /root/lib/modules
cp -r /lib/modules/* /root/lib/modules/
umount /proc /sys
mount --move /dev /root/dev
exec switch_root /root /bin/bash -c '
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs memory /run
stty -echo </dev/ttyS0
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PS1=
echo the machine is up >/dev/ttyS0
exec setsid bash --norc --noediting </dev/ttyS0 >/dev/ttyS0 2>&1'
"""


def run(*command, **how):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


@contextlib.contextmanager
def alone_in(folder):
    """Makes it, and keeps other tests' processes out of it meanwhile."""
    os.makedirs(folder, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def build(lab):
    """The binary, for a CPU that QEMU knows, and the kernel that it runs on."""
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        run("meson", "setup", BUILD, TREE, "--buildtype=release", "-Dcpu=x86-64-v3")
    run("ninja", "-C", BUILD, "app/ringside")
    if not glob.glob(os.path.join(KERNEL, "boot", "vmlinuz-*")):
        os.makedirs(KERNEL, exist_ok=True)
        newest = run("apt-cache", "depends", "linux-image-amd64")
        package = re.search(r"Depends: (linux-image-\S+)", newest)[1]
        run("apt-get", "download", package, cwd=KERNEL, preexec_fn=lab.go_home)
        run("dpkg", "-x", *glob.glob(os.path.join(KERNEL, "*.deb")), KERNEL)


def copy_busybox(root):
    """With what it is linked to: there is a static and a dynamic package of it."""
    program = shutil.which("busybox")
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    shutil.copy(program, os.path.join(root, "bin", "busybox"))
    for library in re.findall(r"(/\S+) \(0x", linked):
        os.makedirs(root + os.path.dirname(library), exist_ok=True)
        shutil.copy(library, root + library)


def initrd(folder):
    """What the kernel starts with: a shell, and the modules to reach the files."""
    root = os.path.join(folder, "root")
    version = os.listdir(os.path.join(KERNEL, "lib", "modules"))[0]
    source = os.path.join(KERNEL, "lib", "modules", version)
    modules = os.path.join(root, "lib", "modules", version)
    for name in ("bin", "proc", "sys", "dev", "lower", "upper", "root"):
        os.makedirs(os.path.join(root, name))
    copy_busybox(root)
    for name in MODULES:
        if os.path.isdir(os.path.join(source, "kernel", name)):
            shutil.copytree(
                os.path.join(source, "kernel", name), os.path.join(modules, "kernel", name)
            )
    for name in ("modules.builtin", "modules.order"):
        shutil.copy(os.path.join(source, name), modules)
    run("depmod", "-b", root, version)
    with open(os.path.join(root, "init"), "w", encoding="ascii") as file:
        file.write(INIT)
    os.chmod(file.name, 0o755)
    image = os.path.join(folder, "initrd")
    run("sh", "-c", f"find . | cpio --quiet -o -H newc >{image}", cwd=root)
    return image


class Machine:
    """Runs until the end of a with statement. nics: QEMU's devices, at 00:10.0, 00:11.0, … ; each
    is joined to a tap, with two queue pairs where it has several (mq=on)."""

    def __init__(self, lab, nics, iommu=True):
        needs = ("qemu-system-x86_64", "busybox", "cpio", "depmod")
        if not all(map(shutil.which, needs)):
            raise Skip("needs an emulated machine: scripts/setup --machine")
        with alone_in(BUILD):
            build(lab)
        self.folder = tempfile.mkdtemp(prefix="ringside-machine-")
        self.console = os.path.join(self.folder, "console")
        self.n_orders = 0
        self.taps = [f"nic{i}.{os.getpid()}" for i in range(len(nics))]
        command = [
            "qemu-system-x86_64", "-nodefaults", "-display", "none", "-no-reboot", "-m", "2048",
            "-machine", "q35,kernel-irqchip=split", "-accel", "tcg,thread=multi", "-cpu", "max",
            "-smp", "3",
            "-kernel", glob.glob(os.path.join(KERNEL, "boot", "vmlinuz-*"))[0],
            "-initrd", initrd(self.folder),
            "-append", "console=ttyS0 panic=-1 quiet intel_iommu=on iommu=pt",
            "-serial", "stdio", "-device", "virtio-9p-pci,fsdev=host,mount_tag=host", "-fsdev",
            "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap",
        ]  # fmt: skip
        if iommu:
            command += ["-device", "intel-iommu,intremap=on,caching-mode=on,aw-bits=48"]
        for i, (nic, tap) in enumerate(zip(nics, self.taps)):
            several = "mq=on" in nic
            run("ip", "tuntap", "add", "dev", tap, "mode", "tap", *["multi_queue"] * several)
            run("ip", "link", "set", tap, "up")
            queues = ",queues=2" if several else ""
            command += ["-netdev", f"tap,id=net{i},ifname={tap},script=no,downscript=no{queues}"]
            command += ["-device", f"{nic},netdev=net{i},addr={0x10 + i:x}"]
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=console, stderr=subprocess.STDOUT
            )

    def __enter__(self):
        try:
            wait_until(self.is_up, START_WITHIN_S, "the machine starts")
            self.shell(f"cd {TREE}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        for tap in self.taps:
            gone = ["ip", "link", "delete", "dev", tap]
            subprocess.run(gone, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder)

    def is_up(self):
        true(self.process.poll() is None, f"the machine is gone: {self.words()[-1000:]}")
        return "the machine is up" in self.words()

    def words(self):
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()

    def shell(self, order, within=SHELL_WITHIN_S):
        """What the order prints on the machine's console, where its status is 0."""
        self.n_orders += 1
        before = len(self.words())
        # The mark is put together there, so that an echo of the order is none.
        text = f"{order}\necho mark-$(({self.n_orders}+1000000)) $?\n"
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

        def answer():
            self.is_up()
            return re.search(rf"mark-{1000000 + self.n_orders} (\d+)", self.words()[before:])

        try:
            end = wait_until(answer, within, order)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.words()[before:][-1500:]}") from error
        said = self.words()[before : before + end.start()]
        true(end[1] == "0", f"{order}: status {end[1]}: {said}")
        return said
