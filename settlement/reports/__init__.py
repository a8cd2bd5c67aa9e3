"""Reports on sealed settlements: revenue, deviation, contribution, the waterfall; every figure is the ledger's."""
