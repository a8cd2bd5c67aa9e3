"""Filled spreadsheets of cost surveys: read cell by cell, all of them or nothing."""
