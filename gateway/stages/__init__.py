"""The stages of the pipeline; each is a pure function."""
