"""What is measured with a clock: side by side, in one run, reported as ratios."""
