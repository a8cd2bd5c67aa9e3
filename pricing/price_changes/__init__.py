"""How one price follows another: what changed, by how much, and how early a rise must be published."""
