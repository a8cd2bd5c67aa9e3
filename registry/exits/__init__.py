"""The exit from an authorization: how it ends, what is deleted, what is kept, and when the file is closed."""
