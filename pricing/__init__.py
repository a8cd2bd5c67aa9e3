"""What may be charged."""
