"""The channel to one destination: its calls, its pace, its token and its state. Knows no run."""
