"""From rows on disk to a table."""
