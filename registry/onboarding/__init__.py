"""Self-service onboarding of organisations, checked by the authority."""
