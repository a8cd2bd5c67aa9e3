"""Appeals: a refusal is heard once more, by other persons than those who refused."""
