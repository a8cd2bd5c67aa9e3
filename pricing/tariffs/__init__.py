"""The concrete price within the cap: what may be filed, and how use is counted and taxed."""
