"""What would have been under other prices, caps, volumes, costs, taxes or shares; real history, nothing written."""
