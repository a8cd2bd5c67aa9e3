"""The procedure in which a permitted revenue is applied for, proposed, confirmed and capped (PRC-03)."""
