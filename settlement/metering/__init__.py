"""Use of data: every call is one event that is never changed, and one sum that never exceeds what was bought."""
