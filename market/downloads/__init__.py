"""Downloads by links that live five minutes and give each byte once, to whom they were made for."""
