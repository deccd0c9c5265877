"""A sink from Kafka to HDFS: every record of a topic is in HDFS exactly once, whatever dies in between.

A batch of rows is written to a hidden file. Renaming the partition's *position* (an empty file; its name holds the next
offset) commits the batch. Renaming the hidden file publishes it. `hdfs/position.py` explains why that is enough.
"""
