"""What is uploaded becomes a corpus: noticed, imported beside the music, reported, made current."""
