"""The terms of a registration: public notice, validity, renewal window."""
