"""From a network to configured chips, and the tables that lead back."""
