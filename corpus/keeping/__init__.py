"""The bundle on disk: its files, columns and checks, and how it becomes MIDI files again."""
