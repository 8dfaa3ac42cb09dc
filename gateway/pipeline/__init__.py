"""Event → Decision, the whole way through the stages, as one pure function."""
