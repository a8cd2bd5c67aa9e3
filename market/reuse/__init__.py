"""Free reuse by source departments (REU-01): who gave data free uses what was made from it free, without delay."""
