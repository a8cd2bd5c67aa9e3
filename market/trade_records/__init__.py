"""交易记录: what GB/T 37932-2025, 7.4 wants kept of every trade, read from the facts; nothing is stored twice."""
