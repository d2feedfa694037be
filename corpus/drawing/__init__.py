"""Pictures of a corpus, and one that can be heard."""
