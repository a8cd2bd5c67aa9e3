"""The registration code (登记编码) that certificates carry: how it is made, written and read."""
