"""How the policies choose, and how the groove listens: measured over whole corpora."""
