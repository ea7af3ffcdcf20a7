"""A file or a stream to batches of messages; tables of verdicts to files."""
