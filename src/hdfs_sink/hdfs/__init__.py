"""HDFS: the client, names of files, positions of partitions, compaction."""
