"""Common parts of the commands for stored events: dead letters and events in quarantine."""
