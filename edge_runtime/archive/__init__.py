"""An archive of millions of scans, measured shard by shard on one machine or on a cluster; a shard is written once."""
