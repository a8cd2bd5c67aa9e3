"""对账差异: what does not agree between the sides, who must act, and two persons who close it."""
