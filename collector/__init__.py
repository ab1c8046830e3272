"""collector: from a CSV of keywords to a clean, documented folder of pictures."""

__version__ = "0.1.0"
