"""What the pages show, one module for each: plain data."""
