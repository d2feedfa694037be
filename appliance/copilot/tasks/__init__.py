"""One file a task; `registry` finds them."""
