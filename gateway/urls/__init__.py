"""Reading URLs and domains."""
