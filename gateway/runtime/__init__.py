"""The processes of a gateway: the supervisor, the embedded server, reloading."""
