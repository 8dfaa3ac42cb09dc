"""What would happen to an event, and cases that check it."""
