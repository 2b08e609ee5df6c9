"""The samples of docs/embedding, built and asked about scans."""
