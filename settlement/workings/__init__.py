"""Working out what a period earned and who receives it; nothing is written here."""
