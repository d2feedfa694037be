"""Talk to a running box: JSON-RPC 2.0, one message a line, over a socket in the file system."""
