"""What a market price rests on: the application value of the data (数据应用价值)."""
