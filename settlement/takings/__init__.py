"""What a seller has taken in so far: by product and month, sealed and expected; reads only."""
