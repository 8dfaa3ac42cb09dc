"""What runs a gateway: the supervisor, the embedded server, reloading."""
