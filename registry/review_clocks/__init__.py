"""What time does to reviews: pauses, consent by silence, escalation, deadlines moved by a new holiday table."""
