"""What turns notes into vectors: note arrays and embedders. Imports no other room."""
