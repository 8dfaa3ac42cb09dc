"""The process, its log, and what else has nothing to do with events."""
