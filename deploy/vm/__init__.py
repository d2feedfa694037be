"""The virtual box: the system of the appliance in QEMU, played from outside."""
