"""The main job at each place, told through HTTP; the figures in these files were worked out by hand."""
