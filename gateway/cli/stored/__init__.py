"""What the commands about stored events share: dead letters and events in quarantine."""
