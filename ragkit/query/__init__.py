"""The read path: retrieve, fit the context, answer, verify."""
