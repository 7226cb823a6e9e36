"""Live: what a run is doing, on a terminal, while it goes on. Must never know what runs."""
