"""The model file and the engine that runs it."""
