"""The yearly deviation from permitted revenue, and revenue to be given back."""
