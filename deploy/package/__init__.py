"""Builds the Debian package: `python -m deploy.package --arch arm64 --suite bookworm`."""
