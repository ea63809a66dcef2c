"""Programs for the chip, written by hand."""
