"""The embedded data sets from which reviewed product versions are served."""
