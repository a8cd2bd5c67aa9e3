"""Posted package tables: what a quantity costs in packs, and which packs undercut others."""
