"""Processes, tasks, logs and files of the operating system."""
