"""The pipeline: all stages in order, from event to decision, as one pure function."""
