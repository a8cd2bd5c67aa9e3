"""What institutions disclose each year, assembled from the registry and published once (DIS)."""
