"""Sources: a module or package for each wire protocol, which translates requests into events."""
