"""The list of everything that has to be disclosed or reported: DIS-01 to DIS-13."""
