"""What every floor needs and what names nothing of the domain: money, dates, errors, policy, identity, storage."""
