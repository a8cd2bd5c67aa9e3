"""Authorized operation agreements (授权运营协议): contents, term, scope, and the states they pass through."""
