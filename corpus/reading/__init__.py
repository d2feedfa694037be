"""From whatever was uploaded to recordings: archives, MIDI files and their faults, labels."""
