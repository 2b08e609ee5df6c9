"""Evidence: pages and measures that back what the project claims."""
