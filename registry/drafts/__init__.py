"""Product drafts: the guided form of a merchant, kept on the server step by step until it becomes a product."""
