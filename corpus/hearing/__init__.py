"""What a musician would hear in a recording: beat, metre, key, chords, layers, feel."""
