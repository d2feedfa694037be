"""Damaged recordings and bundles: what becomes of them, and of the reader."""
