"""From a recording to segments that loop."""
