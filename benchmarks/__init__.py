"""Commands that print the figures in the README; `scripts/bench` runs them."""
