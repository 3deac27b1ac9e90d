"""Measure by ratio: the thing and its bare alternative alternate in one run, so that a busy machine hits both."""
