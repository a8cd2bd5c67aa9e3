"""What a seller delivers under each entitlement: form, last delivery, use of a month, receipts, files; reads only."""
