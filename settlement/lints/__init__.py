"""What is wrong with a share schedule before anything is divided by it."""
