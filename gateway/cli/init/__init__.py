"""`gateway init`: the first configuration of a new gateway, from a few answers."""
