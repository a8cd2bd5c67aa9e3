"""What a buyer has paid in advance (预付余额), and what it may owe until the end of the month (月结)."""
