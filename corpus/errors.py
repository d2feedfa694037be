"""Errors of the corpus room: each message names the file, the fault and the cure."""


class CorpusError(ValueError):
    """Material that cannot be used."""


class MidiFileError(CorpusError):
    """A MIDI file that cannot be read or holds nothing to play."""


class BundleError(CorpusError):
    """A bundle that is missing, incomplete, of another format, or not what it was when written."""
