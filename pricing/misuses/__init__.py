"""Free use turned to industry: recorded, heard, confirmed, and re-priced for exactly the days concerned (PUB-02)."""
