"""The table of consent: for every source, what is sent and what it means."""
