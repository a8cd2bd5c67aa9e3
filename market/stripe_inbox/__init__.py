"""Events of Stripe: kept by their id before anything is done, and never believed without reading Stripe itself."""
