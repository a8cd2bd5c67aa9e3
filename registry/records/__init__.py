"""What stands on record about a product beside its registration: delivery, evidence preservation, other registers."""
