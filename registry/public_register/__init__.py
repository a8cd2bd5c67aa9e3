"""The public side of registration: notices and objections, the register, and certificates."""
