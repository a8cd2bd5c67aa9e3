"""What the law makes somebody do by a day, derived and never stored, and what was handed in (DIS, EVA, EMG, TRN)."""
