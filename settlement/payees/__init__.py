"""On which account a party is paid: by its legal kind, its place's rule, and the account that it named."""
