"""账簿一方: what entries of the journal say about money outside, and what each of them is about."""
