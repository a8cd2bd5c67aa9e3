"""How the register is searched: Chinese has no spaces, so texts are cut into pairs of characters."""
