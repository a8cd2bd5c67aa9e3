"""The operator's fees for services to data merchants, where it may not sell products itself."""
