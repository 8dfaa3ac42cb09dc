"""The operator's commands. They import what they need when they run, so that `gateway` starts
quickly."""
