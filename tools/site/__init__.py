"""What the documentation site is built of, beside its pages."""
