"""Evaluation of operators and of source departments, with their own assessment (EVA)."""
