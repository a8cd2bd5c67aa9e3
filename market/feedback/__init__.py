"""Feeding results and simulated data back to government sharing (成果回馈, REU-02), where the place asks for it."""
