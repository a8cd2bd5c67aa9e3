"""What follows the suspension of an agreement: correction, restoration, or the end of the affected data."""
