"""The artist's phrases: read, cut, compare, and keep as a bundle on disk."""
