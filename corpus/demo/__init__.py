"""A small corpus that ships with the project; `python -m corpus.demo.generate` writes it again."""
