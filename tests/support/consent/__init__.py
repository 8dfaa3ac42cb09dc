"""The table of consent: what is sent, and in words what it says, for every source."""
