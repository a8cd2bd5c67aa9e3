"""The page of one authorization: the agreement with everything that hangs on it, read from the concepts below."""
