"""What a scenario moves, and what follows for the facts that a settlement rests on."""
