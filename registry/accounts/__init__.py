"""People who sign in, the roles they were granted, their sessions and their API keys."""
