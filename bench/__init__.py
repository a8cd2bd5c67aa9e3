"""One program per promise of speed; each compares our work with a limit measured in the same run."""
