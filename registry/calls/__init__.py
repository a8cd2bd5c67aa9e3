"""Calls (授权运营公告): how an operating institution is looked for under an approved plan, open to everybody's eyes."""
