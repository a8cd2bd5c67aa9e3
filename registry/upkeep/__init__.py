"""What time does to the register: deadlines moved by a new holiday table, expired registrations cancelled."""
