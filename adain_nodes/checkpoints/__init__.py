"""The weight catalogue, and finding, downloading, verifying and loading what it lists."""
