"""The spool: events of browsers on disk while Redis cannot accept them."""
