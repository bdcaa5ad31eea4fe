/* SPDX-License-Identifier: MIT */
#include "src/kind/device_names.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/sysmacros.h>

struct device_name {
	unsigned major;
	int minor; /* -1: any */
	const char *name;
};

static const char *find(const struct device_name *names, size_t n, uint64_t dev)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].major == major(dev) &&
		    (names[i].minor < 0 || (unsigned)names[i].minor == minor(dev)))
			return names[i].name;
	return NULL;
}

const char *char_device_name(uint64_t dev)
{
	static const struct device_name names[] = {
		{ 1, 1, "mem" },
		{ 1, 3, "null" },
		{ 1, 4, "port" },
		{ 1, 5, "zero" },
		{ 1, 7, "full" },
		{ 1, 8, "random" },
		{ 1, 9, "urandom" },
		{ 1, 11, "kmsg" },
		{ 1, 12, "oldmem" },
		{ 6, -1, "lp" },
		{ 7, -1, "vcs" },
		{ 9, -1, "st" },
		{ 10, 1, "psaux" },
		{ 10, 130, "watchdog" },
		{ 10, 135, "rtc" },
		{ 10, 144, "nvram" },
		{ 10, 183, "hwrng" },
		{ 10, 196, "vfio" },
		{ 10, 200, "tun" },
		{ 10, 203, "cuse" },
		{ 10, 223, "uinput" },
		{ 10, 227, "mcelog" },
		{ 10, 228, "hpet" },
		{ 10, 229, "fuse" },
		{ 10, 231, "snapshot" },
		{ 10, 232, "kvm" },
		{ 10, 234, "btrfs-control" },
		{ 10, 235, "autofs" },
		{ 10, 236, "device-mapper" },
		{ 10, 237, "loop-control" },
		{ 10, 238, "vhost-net" },
		{ 10, 239, "uhid" },
		{ 10, 240, "userio" },
		{ 10, 241, "vhost-vsock" },
		{ 10, 242, "rfkill" },
		{ 13, -1, "input" },
		{ 14, -1, "sound" },
		{ 21, -1, "sg" },
		{ 29, -1, "fb" },
		{ 81, -1, "video4linux" },
		{ 89, -1, "i2c" },
		{ 90, -1, "mtd" },
		{ 108, 0, "ppp" },
		{ 116, -1, "alsa" },
		{ 180, -1, "usb" },
		{ 189, -1, "usb_device" },
		{ 195, -1, "nvidia" },
		{ 202, -1, "cpu/msr" },
		{ 203, -1, "cpu/cpuid" },
		{ 226, -1, "drm" },
	};

	return find(names, sizeof(names) / sizeof(names[0]), dev);
}

/* SCSI disks have sixteen majors. */
static bool is_scsi_disk(unsigned m)
{
	return m == 8 || (m >= 65 && m <= 71) || (m >= 128 && m <= 135);
}

const char *block_device_name(uint64_t dev)
{
	static const struct device_name names[] = {
		{ 1, -1, "ram" },       { 2, -1, "fd" },    { 3, -1, "ide" },
		{ 7, -1, "loop" },      { 9, -1, "md" },    { 11, -1, "sr" },
		{ 31, -1, "mtdblock" }, { 43, -1, "nbd" },  { 147, -1, "drbd" },
		{ 179, -1, "mmc" },     { 202, -1, "xvd" }, { 259, -1, "blkext" },
	};

	if (is_scsi_disk(major(dev)))
		return "sd";
	return find(names, sizeof(names) / sizeof(names[0]), dev);
}
