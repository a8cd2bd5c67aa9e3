"""Selection of the operating institution (选定): proposed, confirmed by a second person, published."""
