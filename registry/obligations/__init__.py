"""Which duties the rules put on whom and until when; what became of them is in registry.duties."""
