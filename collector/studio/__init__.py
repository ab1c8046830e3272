"""The local web app: look at the pictures of a folder and judge them, in a browser on the same machine."""

from collector.studio.server import Studio

__all__ = ["Studio"]
