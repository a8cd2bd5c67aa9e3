"""Legal clocks of reviews: last days, pauses, days left, and the moment at which silence consents."""
