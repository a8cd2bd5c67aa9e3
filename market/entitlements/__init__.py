"""What a buyer may use, for which purpose, how much and until when."""
