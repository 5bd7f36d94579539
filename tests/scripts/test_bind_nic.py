# SPDX-License-Identifier: BSD-2-Clause
"""scripts/bind-nic on an invented /sys: what it shows, and what it refuses to touch."""

import os
import subprocess
import tempfile
import unittest

BIND_NIC = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "bind-nic")


class BindNic(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sys = folder.name
        # lo is up and has an address on every machine.
        self.add("0000:01:00.0", driver="ice", interface="net/lo")
        self.add("0000:02:00.0", driver="virtio-pci", interface="virtio0/net/lo")
        self.add("0000:03:00.0", driver="mlx5_core")
        self.add("0000:04:00.0", driver="vfio-pci")
        self.add("0000:05:00.0", kind="0x010802")
        self.add("0000:06:00.0", driver="ixgbe")

    def add(self, address, driver=None, interface=None, kind="0x020000"):
        device = os.path.join(self.sys, "bus/pci/devices", address)
        os.makedirs(device)
        for name, text in (("class", kind), ("vendor", "0x8086"), ("device", "0x1592")):
            with open(os.path.join(device, name), "w", encoding="utf-8") as file:
                file.write(text + "\n")
        if driver:
            home = os.path.join(self.sys, "bus/pci/drivers", driver)
            os.makedirs(home, exist_ok=True)
            os.symlink(home, os.path.join(device, "driver"))
        if interface:
            os.makedirs(os.path.join(device, interface))

    def run_it(self, *arguments):
        done = subprocess.run(
            [BIND_NIC, *arguments],
            env={**os.environ, "SYSFS": self.sys},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return done.returncode, done.stdout, done.stderr

    def override(self, address):
        """The driver that the kernel was told to give the device to; None: it was not told."""
        path = os.path.join(self.sys, "bus/pci/devices", address, "driver_override")
        if not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            return file.read().strip()

    def refuses(self, address, word, action="bind"):
        status, _, error = self.run_it(action, address)
        self.assertEqual(status, 1)
        self.assertIn(word, error)
        self.assertEqual(len(error.splitlines()), 1, error)

    def test_status_shows_network_devices_only(self):
        status, output, _ = self.run_it("status")
        self.assertEqual(status, 0)
        self.assertEqual(len(output.splitlines()), 5, output)
        self.assertIn("0000:01:00.0  0x8086:0x1592  driver ice  interfaces: lo", output)
        self.assertIn("driver virtio-pci  interfaces: lo", output)

    def test_an_interface_in_use_stays(self):
        self.refuses("0000:01:00.0", "is up and has an address")
        self.refuses("0000:02:00.0", "is up and has an address")
        self.refuses("0000:01:00.0", "is up and has an address", "unbind")
        self.assertIsNone(self.override("0000:01:00.0"))

    def test_what_belongs_to_another_interface_stays(self):
        """The address stands on the bridge or the VLAN, and may be the one you came in by."""
        for address, path, upper in (
            ("0000:07:00.0", "net/nic7", "br0"),
            ("0000:08:00.0", "virtio0/net/nic8", "nic8.100"),
        ):
            self.add(address, driver="ice", interface=path)
            os.symlink("/sys/class/net/lo", os.path.join(
                self.sys, "bus/pci/devices", address, path, f"upper_{upper}"
            ))
            self.refuses(address, f"{path[-4:]} ({address}) belongs to {upper}")
            self.refuses(address, "belongs to", "unbind")
            self.assertIsNone(self.override(address))

    def test_without_an_iommu_there_is_another_driver(self):
        """As with Debian's kernel in a virtual machine."""
        self.refuses("0000:06:00.0", "no IOMMU")
        self.refuses("0000:06:00.0", "bind 0000:06:00.0 uio_pci_generic")
        self.assertIsNone(self.override("0000:06:00.0"))

    def test_what_could_not_be_bound_goes_back(self):
        os.makedirs(os.path.join(self.sys, "bus/pci/drivers/uio_pci_generic"))
        status, _, error = self.run_it("bind", "0000:06:00.0", "uio_pci_generic")
        self.assertEqual(status, 1)
        self.assertIn("did not go to uio_pci_generic", error)
        self.assertEqual(self.override("0000:06:00.0"), "")

    def test_mellanox_needs_no_binding(self):
        self.refuses("0000:03:00.0", "stays with mlx5_core")

    def test_what_is_bound_is_left_alone(self):
        self.assertEqual(self.run_it("bind", "0000:04:00.0"), (0, "", ""))

    def test_other_devices_are_refused(self):
        self.refuses("0000:05:00.0", "not a network device")
        self.refuses("0000:09:00.0", "no device")
        self.refuses("eth0", "no PCI address")

    def test_usage(self):
        self.assertEqual(self.run_it()[0], 2)
        self.assertEqual(self.run_it("bind")[0], 2)


if __name__ == "__main__":
    unittest.main()
