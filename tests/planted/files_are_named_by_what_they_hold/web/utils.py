"""Whatever."""  # planted
