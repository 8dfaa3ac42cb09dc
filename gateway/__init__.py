"""The event gateway: sources, pipeline, queue and delivery."""
