"""A sink from Kafka to HDFS: every record of a topic is in HDFS exactly once, whatever dies in between.

A batch of rows is written to a hidden file; renaming the partition's *place* (a file; its name holds the next offset
that HDFS wants) commits it; renaming the hidden file to its name publishes it. `place.py` says why that is enough.
"""
