"""Disputes (争议处置): filed, heard on both sides, decided by two persons, freezing exactly what is disputed."""
