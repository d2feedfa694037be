// SPDX-License-Identifier: GPL-2.0
/* The kernel's irq_sim.c has no licence of its own as a module; it is under the kernel's. */
#include <linux/module.h>
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Simulated interrupts, of the kernel, as a module");
