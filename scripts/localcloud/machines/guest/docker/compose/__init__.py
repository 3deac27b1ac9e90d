"""docker compose: files, and what is done with their services."""
