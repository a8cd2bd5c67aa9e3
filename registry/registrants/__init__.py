"""Who applies for a registration: alone, jointly, one by agreement, or an interested party for a correction."""
