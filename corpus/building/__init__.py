"""From recordings to a bundle: imports cached and spread over processes, embeddings, assembly."""
