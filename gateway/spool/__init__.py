"""Where the events of browsers wait on disk while Redis cannot take them."""
