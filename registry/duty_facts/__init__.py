"""What duties are derived from: facts of the registry, and what a place says."""
