"""Evidence packs: everything about one order in one file, checked offline (M11)."""
