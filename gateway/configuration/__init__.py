"""The YAML file and the settings in it."""
