"""What an operator may want to know about a configuration without mistakes: warnings and notes, one
module for each part of it."""
