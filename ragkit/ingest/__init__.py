"""The write path: discover, reconcile, load, chunk, and the pipeline that joins them."""
