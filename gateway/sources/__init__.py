"""Sources: one file a wire protocol, each a pure translation of a request into events."""
