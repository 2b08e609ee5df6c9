"""The service of a kiosk: scans in over HTTP, results out, and the page that people touch."""
