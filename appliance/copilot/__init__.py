"""The copilot: words become tasks, tasks edit the artist's own notes, an analyser measures them.

Nothing here knows a clock, a port or a thread; `rounds` is what a session calls.
"""
