"""Data quality (数据质量): problems that users report to the source department, and the score that follows."""
