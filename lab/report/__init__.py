"""Results, and how they are written: text, JSON, CSV, PNG and one HTML page."""
