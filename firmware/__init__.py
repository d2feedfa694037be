"""What the box touches: clock, MIDI ports, realtime player, footswitch, screen. Knows no music."""
