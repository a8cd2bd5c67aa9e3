"""Negotiated prices (面议): offer, counter-offer and acceptance, always under the cap and by a published rule."""
