"""The configuration, as the console shows and tries it.

shown      texts of it without secrets, and what differs between two
checked    what is wrong with the file, and what is worth knowing
versions   those that were in force, and who wrote them
compared   what is decided with two configurations
simulated  what a copy would decide about recent events
before_record  what a copy changes before events are recorded, as far as it can be tried
"""
