"""Evaluation cycles (评估周期) of the permitted revenue, and what the next ones give back."""
